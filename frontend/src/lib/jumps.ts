/** Ways from one view to another: what is meant is selected there, and nothing else is left out. */

import type { CallReference as ReportedCall, RunReport, Stretch } from "../api/types";
import type { TimeWindow, UrlState } from "./urlState";

export type Jump = Partial<UrlState>;

/** A stretch of the timeline with as much around it as shows what it lies between. */
const MARGIN = 0.1;

export function toCall({ process, call_id: callId }: ReportedCall): Jump {
  return { view: "timeline", call: { process, callId } };
}

export function toStretch({ begin_ns: beginNs, end_ns: endNs }: Stretch): Jump {
  return { view: "timeline", window: around({ beginNs, endNs }), call: null };
}

/** To the first trace of some functions; null if none was traced. */
export function toFirstTrace(report: RunReport, functionIds: readonly number[]): Jump | null {
  const wanted = new Set(functionIds);
  const trace = report.traces.find(({ function_id }) => wanted.has(function_id));
  return trace ? { view: "traces", trace: trace.trace_id } : null;
}

function around({ beginNs, endNs }: TimeWindow): TimeWindow {
  const marginNs = Math.max(1, Math.round((endNs - beginNs) * MARGIN));
  return { beginNs: beginNs - marginNs, endNs: endNs + marginNs };
}
