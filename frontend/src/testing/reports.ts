/** Parts of reports for tests: what a test does not name is unremarkable. */

import type { ErrorInfo, FunctionInfo, Reason, RunReport, TraceInfo } from "../api/types";

export function functionInfo(functionId: number, change: Partial<FunctionInfo> = {}): FunctionInfo {
  return {
    function_id: functionId,
    name: `f${functionId}`,
    file: "train.py",
    line: 10,
    kind: "function",
    calls: { eager: 1, total: 1 },
    traces: 0,
    errors: 0,
    time_ns: { total: 0, self: 0, tracing: 0 },
    signatures: [],
    ...change,
  };
}

export function reason(kinds: readonly string[], summary = ""): Reason {
  return { kinds, nearest_trace_id: null, summary, changes: [], fix: null };
}

export function traceInfo(traceId: number, change: Partial<TraceInfo> = {}): TraceInfo {
  return {
    trace_id: traceId,
    function_id: 0,
    ordinal: 1,
    call_id: null,
    thread: 0,
    start_ns: 0,
    duration_ns: 0,
    signature_id: null,
    signature: null,
    outputs: null,
    captures: null,
    reason: null,
    ...change,
  };
}

export function errorInfo(errorId: number, change: Partial<ErrorInfo> = {}): ErrorInfo {
  return {
    error_id: errorId,
    function_id: 0,
    call_id: null,
    mode: "eager",
    type: "ValueError",
    message: "",
    ...change,
  };
}

export function runReport(change: Partial<RunReport> = {}): RunReport {
  return { run: "run1", processes: [], versions: {}, functions: [], traces: [], errors: [], ...change };
}
