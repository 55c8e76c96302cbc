/** Parts of reports for tests: what a test does not name is unremarkable. */

import {
  MODES,
  type CallCounts,
  type ChangeKind,
  type DefinitionInfo,
  type Diagnosis,
  type DiagnosisId,
  type ErrorInfo,
  type Finding,
  type FindingId,
  type FunctionInfo,
  type Mode,
  type Reason,
  type RunReport,
  type Summary,
  type TraceInfo,
} from "../api/types";

const NO_SHARES: Readonly<Record<Mode, number>> = { eager: 0, graph: 0, xla: 0, tracing: 0, "v1-graph": 0 };

export function callCounts(change: Partial<Record<Mode, number>> = {}): CallCounts {
  const counts = { ...NO_SHARES, ...change };
  return { ...counts, total: MODES.reduce((sum, mode) => sum + counts[mode], 0) };
}

export function functionInfo(functionId: number, change: Partial<FunctionInfo> = {}): FunctionInfo {
  const name = `f${functionId}`;
  return {
    function_id: functionId,
    name,
    file: "train.py",
    line: 10,
    kind: "function",
    process: 0,
    qualname: change.name ?? name,
    module: "train",
    definition_id: functionId,
    instance: 0,
    made_at: null,
    model: null,
    steps_per_call: 1,
    calls: callCounts({ eager: 1 }),
    traces: 0,
    errors: 0,
    time_ns: { total: 0, self: 0, tracing: 0 },
    signatures: [],
    devices: null,
    call_devices: null,
    memory: null,
    profile: null,
    causes: [],
    longest_call: null,
    call_shares: NO_SHARES,
    graph_ops: 0,
    ...change,
  };
}

/** A definition that made these functions. */
export function definitionInfo(
  definitionId: number,
  functions: readonly number[],
  change: Partial<DefinitionInfo> = {},
): DefinitionInfo {
  const name = change.name ?? `d${definitionId}`;
  return {
    definition_id: definitionId,
    process: 0,
    name,
    title: functions.length > 1 ? `${name} × ${functions.length}` : name,
    file: "train.py",
    line: 10,
    kind: "function",
    functions,
    calls: callCounts(),
    traces: 0,
    traces_inside: 0,
    all_traces: 0,
    repeated: { total: 0, made_anew: 0, same_function: 0, normal: 0, text: "" },
    wall_ns: 0,
    tracing_ns: 0,
    main_ns: 0,
    share: 0,
    parts: [],
    threads: 1,
    suspended: false,
    longest_call: null,
    changes: null,
    ...change,
  };
}

export function reason(kinds: readonly ChangeKind[], summary = ""): Reason {
  return { kinds, nearest_trace_id: null, summary, changes: [], fix: null, more_changes: 0 };
}

export function traceInfo(traceId: number, change: Partial<TraceInfo> = {}): TraceInfo {
  return {
    trace_id: traceId,
    function_id: 0,
    process: 0,
    ordinal: 1,
    call_id: null,
    inside_call_id: null,
    thread: 0,
    start_ns: 0,
    duration_ns: 0,
    signature_id: null,
    signature: null,
    outputs: null,
    captures: [],
    concrete_name: "",
    reason: reason(["first-trace"]),
    graph: null,
    placement: null,
    executed: null,
    called_at: null,
    ...change,
  };
}

export function diagnosis(id: DiagnosisId, line: number): Diagnosis {
  const source = { file: "train.py", line, code: `line ${line}` };
  const fix = id === "unclassified" ? null : "fix";
  return { id, title: `title of ${id}`, why: "", difference: null, fix, edits: [], advice: `advice of ${id}.`, source };
}

export function errorInfo(errorId: number, change: Partial<ErrorInfo> = {}): ErrorInfo {
  return {
    error_id: errorId,
    function_id: 0,
    process: 0,
    call_id: null,
    thread: 0,
    time_ns: 0,
    mode: "eager",
    type: "ValueError",
    message: "",
    core: { type: "ValueError", message: "" },
    first_error_id: errorId,
    ended_program: false,
    signature: null,
    stack: [],
    made_at: [],
    chain: null,
    diagnosis: diagnosis("unclassified", 1),
    ...change,
  };
}

export function finding(id: FindingId, functionId: number | null): Finding {
  return {
    id,
    severity: "low",
    function_id: functionId,
    function_ids: functionId === null ? [] : [functionId],
    definition_id: functionId,
    title: "",
    place: null,
    call: null,
    evidence: {},
    why: "",
    advice: "",
    fix: null,
    edits: [],
    what_if: null,
    lost_ns: 0,
    share: 0,
    verified: null,
    what_if_options: null,
  };
}

const SUMMARY: Summary = {
  calls: callCounts(),
  call_shares: NO_SHARES,
  traces: 0,
  retraces: 0,
  retraced_functions: 0,
  repeated: { total: 0, made_anew: 0, same_function: 0, normal: 0, text: "" },
  repeated_text: "none repeated",
  change_kinds: [],
  failures: 0,
  functions_ns: 0,
  tracing_ns: 0,
  running_ns: 0,
  tracing_share_of_functions: null,
  first_lines: null,
};

export function runReport(change: Partial<RunReport> = {}): RunReport {
  return {
    run: "run1",
    start_unix_ns: null,
    complete: true,
    state: "complete",
    last_written_unix_ns: null,
    processes: [],
    versions: {},
    options: {},
    functions: [],
    profiles: null,
    traces: [],
    errors: [],
    findings: [],
    keras_phases: [],
    process_memory: [],
    samples: null,
    comparisons: [],
    workers: null,
    warnings: [],
    summary: SUMMARY,
    failures: [],
    wall_ns: null,
    budget: [],
    budgets: [],
    definitions: [],
    ...change,
  };
}
