/** What the plugin's routes answer; docs/http_api.md and the report JSON are the specification. */

export type Mode = "eager" | "graph" | "xla" | "tracing" | "v1-graph";

/** In the order of the integers that slices carry. */
export const MODES: readonly Mode[] = ["eager", "graph", "xla", "tracing", "v1-graph"];

export interface ProcessInfo {
  /** null: lost with the beginning of the recording. */
  readonly host: string | null;
  readonly pid: number | null;
  readonly worker: string | null;
  readonly complete: boolean;
  readonly state: RecordingState;
  /** null: lost. */
  readonly last_written_unix_ns: number | null;
  readonly dropped: number;
}

/** How a recording stands; `stopped`: its process is gone, or silent for long, without having ended it. */
export type RecordingState = "recording" | "complete" | "stopped";

export interface RunInfo {
  readonly run: string;
  readonly revision: string;
  readonly calls: number;
  readonly complete: boolean;
  readonly state: RecordingState;
  readonly last_written_unix_ns: number | null;
  readonly dropped: number;
  readonly processes: readonly ProcessInfo[];
}

export interface Runs {
  readonly schema_version: number;
  readonly indexing: boolean;
  readonly logdir: string;
  readonly warnings: readonly string[];
  readonly runs: readonly RunInfo[];
}

export type CallCounts = Readonly<Partial<Record<Mode, number>> & { total: number }>;

export interface SignatureInfo {
  readonly signature_id: number;
  readonly text: string;
  readonly calls: number;
  readonly traces: number;
}

export interface FunctionInfo {
  readonly function_id: number;
  readonly name: string;
  readonly qualname?: string | null;
  readonly module?: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly kind: string;
  readonly instance?: number;
  readonly calls: CallCounts;
  readonly traces: number;
  readonly errors: number;
  readonly time_ns: { readonly total: number | null; readonly self: number | null; readonly tracing: number | null };
  readonly signatures: readonly SignatureInfo[];
  /** By device; null where memory was not sampled. */
  readonly memory?: Readonly<Record<string, MemoryFigures>> | null;
}

/** What a function's sampled calls did to a device's memory. */
export interface MemoryFigures {
  readonly calls: number;
  readonly shared_calls: number;
  readonly max_delta_bytes: number;
  readonly peak_bytes: number | null;
  readonly max_need_bytes: number | null;
}

export interface Change {
  readonly kind: string;
  readonly path: string | null;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Reason {
  readonly kinds: readonly string[];
  readonly nearest_trace_id: number | null;
  readonly summary: string;
  readonly changes: readonly Change[];
  readonly fix: string | null;
}

export interface TraceInfo {
  readonly trace_id: number;
  readonly function_id: number;
  readonly process?: number;
  readonly ordinal: number;
  readonly call_id: number | null;
  readonly thread: number | null;
  readonly start_ns: number;
  readonly duration_ns: number | null;
  readonly signature_id: number | null;
  readonly signature: string | null;
  readonly outputs: string | null;
  readonly captures: readonly string[] | null;
  readonly reason: Reason | null;
  /** null: not recorded. */
  readonly graph?: GraphInfo | null;
  readonly placement?: PlacementInfo | null;
  /** Whether its graph is known to have run; null: not known. */
  readonly executed?: boolean | null;
}

/** What the graph of a trace is made of, in numbers. */
export interface GraphInfo {
  readonly ops: number;
  readonly own_ops: number;
  readonly op_types: Readonly<Record<string, number>>;
  readonly functions: number;
  readonly python_ops: number;
  readonly constants: number;
  readonly constant_bytes: number;
  readonly resource_captures: number;
  readonly tensor_captures: number;
  readonly tensor_capture_bytes: number;
  readonly definition_bytes: number | null;
}

export interface SourceLineInfo {
  readonly file: string | null;
  readonly line: number | null;
  readonly own_line: number | null;
  readonly ops: number;
  readonly op_types: Readonly<Record<string, number>>;
  readonly repeats: number;
  readonly in_loop: boolean;
  readonly code: string | null;
}

interface Place {
  readonly file: string | null;
  readonly line: number | null;
}

export interface GraphLists extends GraphInfo {
  readonly source_lines: readonly SourceLineInfo[];
  readonly large_constants: readonly (Place & {
    readonly op: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly bytes: number;
  })[];
  readonly control_flow: readonly (Place & { readonly type: string; readonly own_line: number | null })[];
  readonly input_casts: readonly (Place & {
    readonly input: string;
    readonly from_dtype: string;
    readonly to_dtype: string;
  })[];
}

export interface PlacementInfo {
  readonly ops_by_device: Readonly<Record<string, number>>;
  readonly transfers: number;
  readonly not_honoured_ops: number;
  readonly compiled: boolean;
}

export interface TransferInfo extends Place {
  readonly op: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[] | null;
  readonly bytes: number | null;
  readonly from: string;
  readonly to: string;
  readonly control: boolean;
}

export interface NotHonouredInfo extends Place {
  readonly op: string;
  readonly name: string;
  readonly requested: string;
  readonly actual: string;
  readonly no_such_device: boolean;
}

/** One trace with everything that is told of its graph and placement. */
export interface TraceDetails extends Omit<TraceInfo, "graph" | "placement"> {
  readonly function: string;
  readonly calls: number | null;
  readonly concrete_name: string;
  readonly graph: GraphLists | null;
  readonly placement:
    | (PlacementInfo & {
        readonly transfer_list: readonly TransferInfo[];
        readonly not_honoured: readonly NotHonouredInfo[];
      })
    | null;
}

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly transfers: number;
  readonly bytes: number;
  /** Transfers whose size is not known. */
  readonly unknown: number;
}

interface OfTrace {
  readonly trace_id: number;
  readonly function_id: number;
}

/** Where the functions of a run ran. */
export interface RunPlacement {
  readonly run: string;
  readonly revision: string;
  readonly devices: readonly string[];
  readonly functions: readonly (PlacementInfo & {
    readonly function_id: number;
    readonly function: string;
    readonly traces: number;
  })[];
  readonly flows: readonly Flow[];
  readonly transfers: readonly (TransferInfo & OfTrace)[];
  readonly not_honoured: readonly (NotHonouredInfo & OfTrace)[];
  readonly traces: number;
  readonly placed: number;
}

export interface MemoryLine {
  readonly device: string;
  readonly process: number;
  readonly samples: number;
  readonly time_ns: readonly number[];
  readonly current_bytes: readonly number[];
  readonly peak_bytes: readonly number[] | null;
}

export interface RaisingCall {
  readonly process: number;
  readonly call_id: number;
  readonly function_id: number;
  readonly function: string;
  readonly device: string;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly delta_bytes: number;
  readonly need_bytes: number | null;
  readonly peak_bytes: number | null;
  readonly shared: boolean;
}

/** What devices and processes held over time. */
export interface RunMemory {
  readonly run: string;
  readonly revision: string;
  readonly mode: string;
  readonly devices: readonly MemoryLine[];
  readonly host: readonly {
    readonly process: number;
    readonly time_ns: readonly number[];
    readonly resident_bytes: readonly number[];
  }[];
  readonly raised: readonly RaisingCall[];
}

export interface ErrorInfo {
  readonly error_id: number;
  readonly function_id: number;
  readonly process?: number;
  readonly call_id: number | null;
  readonly time_ns?: number | null;
  readonly mode: string;
  readonly type: string;
  readonly message: string;
  /** What was raised at first, where this only repeats it. */
  readonly core?: { readonly type: string; readonly message: string };
  /** The error of the innermost call that the same failure left; its own id if that is this one. */
  readonly first_error_id?: number;
  /** What the call that it left was called with; null: not recorded. */
  readonly signature?: string | null;
  /** The user's frames, outermost first. */
  readonly stack?: readonly FrameInfo[];
  /** The user's lines that the message itself names. */
  readonly made_at?: readonly FrameInfo[];
  readonly diagnosis?: Diagnosis | null;
}

export interface FrameInfo {
  readonly file: string;
  readonly line: number | null;
  readonly function: string;
  readonly code: string | null;
  /** How many frames of others lie between this one and the next. */
  readonly folded: number;
  /** Types by name; only of the innermost frame. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What an exception means; `unclassified` where that is not sure. */
export interface Diagnosis {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  /** What is different in the other mode; null where that plays no part. */
  readonly difference: string | null;
  readonly fix: string | null;
  readonly source: { readonly file: string; readonly line: number; readonly code: string } | null;
}

/** How many traces a function has, and would have had, had it been written otherwise; null where that is impossible. */
export interface WhatIf {
  readonly now: number;
  readonly tensor_argument: number | null;
  readonly reduce_retracing: number | null;
  readonly input_signature: number | null;
}

export interface Finding {
  readonly id: string;
  readonly severity: "high" | "medium" | "low" | "info";
  /** null: it is about no function. */
  readonly function_id: number | null;
  readonly title: string;
  readonly evidence: { readonly lost_ns: number };
  readonly why: string;
  readonly fix: string;
  readonly what_if: WhatIf | null;
}

export interface RunReport {
  readonly run: string;
  readonly processes: readonly ProcessInfo[];
  readonly versions: Readonly<Record<string, string>>;
  readonly functions: readonly FunctionInfo[];
  readonly traces: readonly TraceInfo[];
  readonly errors: readonly ErrorInfo[];
  readonly findings?: readonly Finding[];
  readonly warnings?: readonly string[];
}

export interface Report {
  readonly schema_version: number;
  readonly revision: string;
  readonly runs: readonly RunReport[];
}

export interface LaneInfo {
  readonly lane: number;
  readonly process: number;
  readonly thread_id: number;
  readonly label: string;
  readonly suspendable: boolean;
  readonly rows: number;
  readonly calls: number;
  /** A lane of ops, below the lane of the thread whose calls caused them: the profiler's line on which they ran. */
  readonly ops?: OpLane;
}

export interface Lanes {
  readonly run: string;
  readonly revision: string;
  readonly start_unix_ns: number;
  readonly begin_ns: number;
  readonly end_ns: number;
  readonly lanes: readonly LaneInfo[];
}

export type Part = "python" | "dispatch" | "tracing" | "compile" | "ops" | "copies" | "idle" | "calls" | "other";

/** One profile of TensorFlow's that lies beside the run. */
export interface ProfileInfo {
  readonly profile: number;
  readonly session: string;
  readonly host: string;
  /** A sentence on why nothing of it is shown, or on what is doubtful. */
  readonly note: string | null;
  readonly begin_ns: number | null;
  readonly end_ns: number | null;
  readonly events: number | null;
  readonly attached_events: number | null;
  readonly calls: number;
  readonly clock: { readonly drift_ppm: number; readonly residual_ns: number | null } | null;
  readonly warnings: readonly string[];
  /** What XProf calls it; null where it does not find it. */
  readonly xprof_run: string | null;
}

export interface NamedTime {
  readonly name: string;
  readonly count: number;
  readonly self_ns: number;
}

export interface ProfiledMemory {
  readonly allocations: number;
  readonly allocated_bytes: number;
  readonly freed_bytes: number;
  readonly peak_bytes: number | null;
  readonly largest: readonly { readonly bytes: number; readonly op: string | null; readonly shape: string | null }[];
}

/** Where the time of some calls went. */
export interface Times {
  readonly duration_ns: number;
  readonly parts_ns: Readonly<Record<Part, number>>;
  readonly ops: number;
  readonly between_ops_ns: number;
  readonly op_types: readonly NamedTime[];
  readonly kernels: readonly NamedTime[];
  readonly memory: ProfiledMemory | null;
}

export interface FunctionTimes extends Times {
  readonly function_id: number;
  readonly mode: string;
  readonly calls: number;
}

export interface OpLane {
  readonly lane: number;
  readonly process: number;
  readonly thread_id: number;
  readonly label: string;
  readonly own_thread: boolean;
  readonly device: boolean;
  readonly rows: number;
  readonly events: number;
}

export interface RunProfile {
  readonly run: string;
  readonly revision: string;
  /** Whether the XProf plugin is installed beside TensorBoard. */
  readonly xprof: boolean;
  readonly profiles: readonly ProfileInfo[];
  readonly functions: readonly FunctionTimes[];
  /** What only profiles tell; the report has the others. */
  readonly findings: readonly Finding[];
  readonly lanes: readonly OpLane[];
  readonly names: readonly string[];
}

export interface CallTimes {
  readonly run: string;
  readonly revision: string;
  /** null: the call is in no profile. */
  readonly times: (Times & { readonly profile: number }) | null;
}

export interface CallInfo {
  readonly call_id: number;
  readonly process: number;
  readonly thread_id: number;
  readonly thread: string;
  readonly function_id: number;
  readonly function: string;
  readonly mode: string;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly depth: number;
  readonly parent: { readonly call_id: number; readonly function: string | null } | null;
  readonly signature: string | null;
  readonly trace_ids: readonly number[];
  readonly raised: boolean;
  readonly suspendable: boolean;
  readonly error: { readonly error_id: number; readonly type: string; readonly message: string } | null;
  readonly children: number;
  /** Where the timeline draws it. */
  readonly lane: number;
  readonly row: number;
}

/** A function's definition as its file had it. */
export interface SourceInfo {
  readonly function_id: number;
  readonly function: string;
  readonly file: string;
  /** The line of the file at which `text` begins. */
  readonly line: number;
  readonly text: string;
  /** The definition goes on after `text`. */
  readonly truncated: boolean;
}
