import type { Finding, TraceInfo, WhatIf } from "../api/types";

/** Traces of one function that changed in the same kinds of things. */
export interface Cause {
  readonly kinds: string;
  readonly traces: number;
  /** Time that tracing them took. */
  readonly lostNs: number;
}

export const WHAT_IF_COLUMNS: readonly { readonly key: keyof WhatIf; readonly label: string }[] = [
  { key: "now", label: "now" },
  { key: "tensor_argument", label: "tensor arguments" },
  { key: "reduce_retracing", label: "reduce_retracing" },
  { key: "input_signature", label: "input_signature" },
];

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

/** The option that leaves the fewest traces; the mildest of several; null if none leaves fewer than there are. */
export function bestOption(whatIf: WhatIf): keyof WhatIf | null {
  let best: keyof WhatIf | null = null;
  let fewest = whatIf.now;
  for (const key of ["tensor_argument", "reduce_retracing", "input_signature"] as const) {
    const traces = whatIf[key];
    if (traces !== null && traces < fewest) [best, fewest] = [key, traces];
  }
  return best;
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
