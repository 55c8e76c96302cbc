import { MODES, type CallCounts, type RunReport } from "../api/types";
import { unionNs } from "./intervals";

export interface Summary {
  readonly calls: CallCounts;
  readonly traces: number;
  readonly retraces: number;
  /** Functions that were traced more than once. */
  readonly retracedFunctions: number;
  readonly errors: number;
  /** Wall time of traces; one inside another counts once. */
  readonly tracingNs: number;
  /** Time in recorded calls but for the tracing in them; null where it was not recorded. */
  readonly runningNs: number | null;
}

/** The numbers at the top of the Overview. */
export function summarize(report: RunReport): Summary {
  const calls: Record<string, number> = { total: 0 };
  for (const mode of MODES) calls[mode] = 0;
  let inCallsNs: number | null = 0;
  for (const { calls: counts, time_ns: time } of report.functions) {
    calls["total"] = (calls["total"] ?? 0) + counts.total;
    for (const mode of MODES) calls[mode] = (calls[mode] ?? 0) + (counts[mode] ?? 0);
    inCallsNs = inCallsNs === null || time.self === null ? null : inCallsNs + time.self;
  }
  const retraces = report.traces.filter(({ ordinal }) => ordinal > 1);
  const interval = (trace: RunReport["traces"][number]) => ({
    group: trace.thread ?? -1,
    startNs: trace.start_ns,
    endNs: trace.start_ns + (trace.duration_ns ?? 0),
  });
  const tracingInCallsNs = unionNs(report.traces.filter((trace) => hasCall(trace.call_id)).map(interval));
  return {
    calls: calls as CallCounts,
    traces: report.traces.length,
    retraces: retraces.length,
    retracedFunctions: new Set(retraces.map((trace) => trace.function_id)).size,
    // One failure is an error of every call that it left.
    errors: report.errors.filter(({ error_id: id, first_error_id: first }) => (first ?? id) === id).length,
    tracingNs: unionNs(report.traces.map(interval)),
    runningNs: inCallsNs === null ? null : Math.max(0, inCallsNs - tracingInCallsNs),
  };
}

/** Whether something belongs to a recorded call: one without has null, or -1 as in the event file. */
export function hasCall(callId: number | null): callId is number {
  return callId !== null && callId >= 0;
}
