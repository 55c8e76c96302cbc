import type { FunctionInfo } from "../api/types";
import type { Sort, SortDirection, SortValue } from "../lib/sorting";
import { sorted } from "../lib/sorting";
import { matches } from "../lib/text";

export type ColumnKey = "name" | "kind" | "calls" | "traces" | "errors" | "total" | "self" | "tracing";

export interface ColumnInfo {
  readonly key: ColumnKey;
  readonly label: string;
  readonly title: string;
  readonly numeric: boolean;
  /** The direction of the first click: numbers are of interest from the top. */
  readonly first: SortDirection;
  readonly value: (info: FunctionInfo) => SortValue;
}

export const COLUMNS: readonly ColumnInfo[] = [
  {
    key: "name",
    label: "Function",
    title: "Name and place of definition",
    numeric: false,
    first: "ascending",
    value: (info) => info.name,
  },
  {
    key: "kind",
    label: "Kind",
    title: "What was decorated",
    numeric: false,
    first: "ascending",
    value: (info) => info.kind,
  },
  {
    key: "calls",
    label: "Calls by mode",
    title: "How many calls ran in which mode",
    numeric: false,
    first: "descending",
    value: (info) => info.calls.total,
  },
  {
    key: "traces",
    label: "Traces",
    title: "New concrete functions, the first included",
    numeric: true,
    first: "descending",
    value: (info) => info.traces,
  },
  {
    key: "errors",
    label: "Errors",
    title: "Exceptions, failed traces included",
    numeric: true,
    first: "descending",
    value: (info) => info.errors,
  },
  {
    key: "total",
    label: "Total",
    title: "Time in calls of this function; on a GPU, the time to dispatch them",
    numeric: true,
    first: "descending",
    value: (info) => info.time_ns.total,
  },
  {
    key: "self",
    label: "Self",
    title: "Total time without the recorded calls inside",
    numeric: true,
    first: "descending",
    value: (info) => info.time_ns.self,
  },
  {
    key: "tracing",
    label: "Tracing",
    title: "Time spent on tracing this function",
    numeric: true,
    first: "descending",
    value: (info) => info.time_ns.tracing,
  },
];

/** The functions that match the filter, in order. */
export function functionRows(
  functions: readonly FunctionInfo[],
  filter: string,
  sort: Sort<ColumnKey>,
): readonly FunctionInfo[] {
  const column = COLUMNS.find(({ key }) => key === sort.key);
  const kept = functions.filter((info) =>
    matches(`${info.name} ${info.qualname} ${info.kind} ${info.file ?? ""}`, filter),
  );
  return column ? sorted(kept, column.value, sort.direction) : kept;
}
