/** Functions that were made from the same lines of source are one line; the report says which these are. */

import { MODES, type DefinitionInfo, type FunctionInfo, type RunReport } from "../api/types";
import { formatCount, formatLocation, formatShare, shortPath } from "./text";
import { formatDuration } from "./time";

export interface DefinitionColumn {
  readonly key: string;
  readonly label: string;
  readonly title: string;
  /** It counts the calls in one mode. */
  readonly ofMode?: boolean;
  /** Empty where there is nothing to tell. */
  readonly text: (row: DefinitionInfo) => string;
}

const COLUMNS: readonly DefinitionColumn[] = [
  {
    key: "wall",
    label: "Wall time",
    title: "How long it was open, on the thread that spent most time in it",
    text: (row) => formatDuration(row.wall_ns),
  },
  {
    key: "share",
    label: "Share",
    title: "The same as a part of the wall time; definitions lie inside each other, so shares do not sum to 100%",
    text: (row) => formatShare(row.share),
  },
  ...MODES.map((mode) => ({
    key: mode,
    label: mode,
    title: `Calls in mode ${mode}`,
    ofMode: true,
    text: (row: DefinitionInfo) => number(row.calls[mode]),
  })),
  {
    key: "traces",
    label: "Traces",
    title: "Its own traces, and those of other functions that belong to its calls",
    text: (row) => number(row.all_traces),
  },
  {
    key: "repeated",
    label: "Repeated",
    title: "Its traces after the first",
    text: (row) => number(row.repeated.total),
  },
];

/** The definitions of a run, those first that took most wall time. */
export function byWallTime(report: RunReport): readonly DefinitionInfo[] {
  return [...report.definitions].sort((a, b) => b.wall_ns - a.wall_ns);
}

/** Those that were traced again, and of which is known why; most often repeated first. */
export function retraced(report: RunReport): readonly DefinitionInfo[] {
  return report.definitions
    .filter(({ changes }) => changes !== null)
    .sort((a, b) => b.repeated.total - a.repeated.total);
}

/** The columns that hold something in one of the rows. */
export function columnsOf(rows: readonly DefinitionInfo[]): readonly DefinitionColumn[] {
  return COLUMNS.filter(({ text }) => rows.some((row) => text(row) !== ""));
}

export interface MemberColumn {
  readonly label: string;
  readonly numeric: boolean;
  /** Empty where there is nothing to tell. */
  readonly text: (info: FunctionInfo) => string;
}

const MEMBER_COLUMNS: readonly MemberColumn[] = [
  { label: "Function", numeric: true, text: (info) => formatCount(info.instance + 1) },
  { label: "Model", numeric: false, text: (info) => info.model?.name ?? "" },
  {
    label: "Made at",
    numeric: false,
    text: ({ made_at: place }) => (place ? formatLocation(shortPath(place.file), place.line) : ""),
  },
  { label: "Calls", numeric: true, text: (info) => number(info.calls.total) },
  { label: "Traces", numeric: true, text: (info) => number(info.traces) },
  { label: "Tracing", numeric: true, text: ({ time_ns: spent }) => duration(spent.tracing) },
  { label: "Time in calls", numeric: true, text: ({ time_ns: spent }) => duration(spent.total) },
];

/** The columns that hold something of one of the functions that were made from one definition. */
export function memberColumns(members: readonly FunctionInfo[]): readonly MemberColumn[] {
  return MEMBER_COLUMNS.filter(({ text }) => members.some((info) => text(info) !== ""));
}

function duration(ns: number): string {
  return ns === 0 ? "" : formatDuration(ns);
}

function number(value: number): string {
  return value === 0 ? "" : formatCount(value);
}

/** Entries of functions that share one line of a list, or one entry that has a line of its own. */
export interface Fold<T> {
  /** What the line tells; null where it is a single function's. */
  readonly definition: DefinitionInfo | null;
  readonly entries: readonly T[];
}

/** Puts the entries of functions together that come from one definition, each where the first of them was. */
export function folded<T extends { readonly info: FunctionInfo }>(
  entries: readonly T[],
  definitions: readonly DefinitionInfo[],
): readonly Fold<T>[] {
  const several = new Map(
    definitions.filter(({ functions }) => functions.length > 1).map((each) => [each.definition_id, each]),
  );
  const folds = new Map<number, T[]>();
  const result: Fold<T>[] = [];
  for (const entry of entries) {
    const definition = several.get(entry.info.definition_id) ?? null;
    const begun = definition ? folds.get(definition.definition_id) : undefined;
    if (begun) {
      begun.push(entry);
      continue;
    }
    const members = [entry];
    if (definition) folds.set(definition.definition_id, members);
    result.push({ definition, entries: members });
  }
  return result;
}

/** An item of a list that may lie in a fold: the definition that it is folded into. */
export interface Foldable {
  readonly fold: number | null;
}

/** What is to be seen while the folds in `open` are open. */
export function unfolded<T extends Foldable>(items: readonly T[], open: ReadonlySet<number>): readonly T[] {
  return items.filter(({ fold }) => fold === null || open.has(fold));
}

/** The fold that a trace lies in; null if it lies in none. */
export function foldOfTrace(report: RunReport | null, traceId: number): number | null {
  const trace = report?.traces.find(({ trace_id }) => trace_id === traceId);
  const info = report?.functions.find(({ function_id }) => function_id === trace?.function_id);
  return info?.definition_id ?? null;
}
