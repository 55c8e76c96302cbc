/** What the plugin's routes answer, but for what is generated from the dataclasses of insight; docs/http_api.md is the specification. */

import type {
  CallCosts,
  CallDescription,
  Finding,
  Flame,
  FunctionProfile,
  MemoryOverTime,
  PlacementOfRun,
  ProcessInfo,
  ProfileInfo,
  RecordingState,
  RunComparisonInfo,
  RunReport,
  TimelineEvents,
  Window,
} from "./report";

export * from "./report";

/** What a process goes by. */
export type ProcessName = Pick<ProcessInfo, "host" | "pid" | "worker">;

export interface RunInfo {
  readonly run: string;
  readonly revision: string;
  readonly calls: number;
  readonly errors: number;
  /** How many findings there are that somebody should mend; null while that was not asked for. */
  readonly findings: number | null;
  readonly start_unix_ns: number | null;
  readonly complete: boolean;
  readonly state: RecordingState;
  readonly last_written_unix_ns: number | null;
  readonly dropped: number;
  readonly dropped_text: string | null;
  readonly processes: readonly (ProcessName &
    Pick<ProcessInfo, "complete" | "state" | "last_written_unix_ns" | "dropped">)[];
}

export interface Runs {
  readonly schema_version: number;
  readonly indexing: boolean;
  readonly logdir: string;
  readonly warnings: readonly string[];
  readonly runs: readonly RunInfo[];
}

/** What is told of a run as far as it was recorded then. */
interface OfRun {
  readonly run: string;
  readonly revision: string;
}

export type RunPlacement = OfRun & PlacementOfRun;
export type RunMemory = OfRun & MemoryOverTime;

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

/** A call, and where the timeline draws it. */
export type CallInfo = CallDescription & { readonly lane: number; readonly row: number; readonly costs: CallCosts };

export type RunEvents = OfRun & TimelineEvents;
/** Two runs beside each other, as far as they were recorded then. */
export type ComparedRuns = RunComparisonInfo & { readonly a_revision: string; readonly b_revision: string };
export type RunWindow = OfRun & Window;
export type RunFlame = OfRun & Flame;

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
