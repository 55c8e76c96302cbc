import type { DefinitionInfo, ErrorInfo, Finding, FunctionInfo, RunReport, TraceInfo } from "../api/types";
import { folded, type Foldable } from "../lib/definitions";
import { findingsByFunction } from "../lib/findings";
import { matches } from "../lib/text";

/** One line of the Traces view: a definition with several functions, a function, one of its traces, or one of its errors. */
export type TraceItem = Foldable &
  (
    | { readonly type: "definition"; readonly definition: DefinitionInfo; readonly findings: readonly Finding[] }
    | {
        readonly type: "function";
        readonly info: FunctionInfo;
        readonly traces: number;
        readonly errors: number;
        readonly findings: readonly Finding[];
      }
    | { readonly type: "trace"; readonly trace: TraceInfo }
    | { readonly type: "error"; readonly error: ErrorInfo }
  );

interface Entry {
  readonly info: FunctionInfo;
  readonly traces: readonly TraceInfo[];
  readonly errors: readonly ErrorInfo[];
}

export interface TraceFilter {
  /** Words to find in a function's name or place, a reason, or an error. */
  readonly text: string;
  /** A change kind; "" for all. `errors` shows errors only. */
  readonly kind: string;
}

export const ERRORS_ONLY = "errors";

/** Traces and errors grouped by function, and these by definition where it has several; the most often traced first. */
export function traceItems(report: RunReport, filter: TraceFilter): readonly TraceItem[] {
  const tracesOf = groupBy(report.traces, (trace) => trace.function_id);
  const errorsOf = groupBy(report.errors, (error) => error.function_id);
  const findings = findingsByFunction(report.findings);
  const entries = report.functions
    .map((info): Entry => {
      const name = `${info.name} ${info.qualname} ${info.file ?? ""}`;
      const traces = (tracesOf.get(info.function_id) ?? []).filter(
        ({ reason }) =>
          filter.kind !== ERRORS_ONLY &&
          (filter.kind === "" || reason.kinds.some((kind) => kind === filter.kind)) &&
          matches(`${name} ${reason.summary}`, filter.text),
      );
      const errors = (errorsOf.get(info.function_id) ?? []).filter(
        ({ type, message }) =>
          (filter.kind === "" || filter.kind === ERRORS_ONLY) && matches(`${name} ${type} ${message}`, filter.text),
      );
      return { info, traces: [...traces].sort((a, b) => a.ordinal - b.ordinal), errors };
    })
    .filter(({ traces, errors }) => traces.length + errors.length > 0);
  return folded(entries, report.definitions)
    .map((each) => ({
      ...each,
      traces: each.entries.flatMap(({ traces }) => traces).length,
      errors: each.entries.flatMap(({ errors }) => errors).length,
      name: each.definition?.name ?? each.entries[0]?.info.name ?? "",
    }))
    .sort((a, b) => b.traces - a.traces || b.errors - a.errors || a.name.localeCompare(b.name))
    .flatMap(({ definition, entries: members }): readonly TraceItem[] => {
      const found = (entry: Entry) => findings.get(entry.info.function_id) ?? [];
      if (definition === null) return members.flatMap((entry) => functionItems(entry, null, found(entry)));
      return [
        { type: "definition", fold: null, definition, findings: members.flatMap(found) },
        ...members.flatMap((entry) => functionItems(entry, definition.definition_id, [])),
      ];
    });
}

function functionItems(
  { info, traces, errors }: Entry,
  fold: number | null,
  findings: readonly Finding[],
): readonly TraceItem[] {
  return [
    { type: "function", fold, info, traces: traces.length, errors: errors.length, findings },
    ...errors.map((error): TraceItem => ({ type: "error", fold, error })),
    ...traces.map((trace): TraceItem => ({ type: "trace", fold, trace })),
  ];
}

function groupBy<T>(items: readonly T[], key: (item: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
