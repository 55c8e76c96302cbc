import type { Finding, TraceInfo } from "../api/types";

/** Traces of one function that changed in the same kinds of things. */
export interface Cause {
  readonly kinds: string;
  readonly traces: number;
  /** Time that tracing them took. */
  readonly lostNs: number;
}

/** The retraces among a function's traces by cause, the one that cost most time first. */
export function causesOf(traces: readonly TraceInfo[]): readonly Cause[] {
  const causes = new Map<string, { traces: number; lostNs: number }>();
  for (const { ordinal, reason, duration_ns } of traces) {
    if (ordinal <= 1) continue;
    const kinds = (reason?.kinds ?? ["unknown"]).join(", ");
    const cause = causes.get(kinds) ?? { traces: 0, lostNs: 0 };
    cause.traces += 1;
    cause.lostNs += duration_ns ?? 0;
    causes.set(kinds, cause);
  }
  return [...causes]
    .map(([kinds, { traces: count, lostNs }]) => ({ kinds, traces: count, lostNs }))
    .sort((a, b) => b.lostNs - a.lostNs || a.kinds.localeCompare(b.kinds));
}

/** Findings by function, in the report's order. */
export function findingsByFunction(findings: readonly Finding[]): ReadonlyMap<number, readonly Finding[]> {
  const groups = new Map<number, Finding[]>();
  for (const finding of findings) {
    if (finding.function_id === null) continue;
    const group = groups.get(finding.function_id);
    if (group) group.push(finding);
    else groups.set(finding.function_id, [finding]);
  }
  return groups;
}
