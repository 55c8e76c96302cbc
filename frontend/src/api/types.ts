/** What the plugin's routes answer, but for the report, whose types are generated; docs/http_api.md is the specification. */

import type {
  Finding,
  FunctionProfile,
  NotHonouredInfo,
  PlacementInfo,
  ProcessInfo,
  ProfileInfo,
  RecordingState,
  RunReport,
  TransferInfo,
} from "./report";

export * from "./report";

/** What a process goes by. */
export type ProcessName = Pick<ProcessInfo, "host" | "pid" | "worker">;

export interface RunInfo {
  readonly run: string;
  readonly revision: string;
  readonly calls: number;
  readonly complete: boolean;
  readonly state: RecordingState;
  readonly last_written_unix_ns: number | null;
  readonly dropped: number;
  readonly processes: readonly (ProcessName & Pick<ProcessInfo, "complete" | "state" | "last_written_unix_ns" | "dropped">)[];
}

export interface Runs {
  readonly schema_version: number;
  readonly indexing: boolean;
  readonly logdir: string;
  readonly warnings: readonly string[];
  readonly runs: readonly RunInfo[];
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
    /** Which part of its ops ran on each device, from 0 to 1. */
    readonly shares_by_device: Readonly<Record<string, number>>;
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

/** Where the time of some calls went. */
export type Times = Omit<FunctionProfile, "mode" | "calls">;

export interface FunctionTimes extends FunctionProfile {
  readonly function_id: number;
}

/** A profile, and what XProf calls it; null where it does not find it. */
export type FoundProfile = ProfileInfo & { readonly xprof_run: string | null };

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
  readonly profiles: readonly FoundProfile[];
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
