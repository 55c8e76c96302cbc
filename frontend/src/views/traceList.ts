import type { ErrorInfo, Finding, FunctionInfo, RunReport, TraceInfo } from "../api/types";
import { findingsByFunction } from "../lib/findings";
import { matches } from "../lib/text";

/** One line of the Traces view: a function, one of its traces, or one of its errors. */
export type TraceItem =
  | {
      readonly type: "function";
      readonly info: FunctionInfo;
      readonly traces: number;
      readonly errors: number;
      readonly findings: readonly Finding[];
    }
  | { readonly type: "trace"; readonly trace: TraceInfo }
  | { readonly type: "error"; readonly error: ErrorInfo };

export interface TraceFilter {
  /** Words to find in a function's name or place, a reason, or an error. */
  readonly text: string;
  /** A change kind; "" for all. `errors` shows errors only. */
  readonly kind: string;
}

export const ERRORS_ONLY = "errors";

/** Traces and errors grouped by function, the most often traced function first. */
export function traceItems(report: RunReport, filter: TraceFilter): readonly TraceItem[] {
  const tracesOf = groupBy(report.traces, (trace) => trace.function_id);
  const errorsOf = groupBy(report.errors, (error) => error.function_id);
  const findings = findingsByFunction(report.findings);
  return report.functions
    .map((info) => {
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
    .filter(({ traces, errors }) => traces.length + errors.length > 0)
    .sort(
      (a, b) =>
        b.traces.length - a.traces.length ||
        b.errors.length - a.errors.length ||
        a.info.name.localeCompare(b.info.name),
    )
    .flatMap(({ info, traces, errors }): TraceItem[] => [
      {
        type: "function",
        info,
        traces: traces.length,
        errors: errors.length,
        findings: findings.get(info.function_id) ?? [],
      },
      ...errors.map((error): TraceItem => ({ type: "error", error })),
      ...traces.map((trace): TraceItem => ({ type: "trace", trace })),
    ]);
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
