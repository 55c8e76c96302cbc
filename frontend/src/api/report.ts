/** The report as the plugin sends it. Generated from tfmodetrace/insight/report by `make api-types`: change it there. */

export type Mode = "eager" | "graph" | "xla" | "tracing" | "v1-graph";

export type ChangeKind =
  | "first-trace"
  | "variable-creation"
  | "shape"
  | "rank"
  | "dtype"
  | "python-value"
  | "python-type"
  | "tensor-vs-python"
  | "object-identity"
  | "structure"
  | "composite-spec"
  | "variable-alias"
  | "strategy-context"
  | "parent-graph"
  | "device-context"
  | "xla-context"
  | "new-function-object"
  | "unknown";

export type DiagnosisId =
  | "numpy-in-graph"
  | "symbolic-to-numpy"
  | "variable-created-in-function"
  | "dtype-mismatch"
  | "shape-mismatch"
  | "condition-not-scalar"
  | "symbolic-bool"
  | "symbolic-iteration"
  | "undefined-in-branch"
  | "branch-mismatch"
  | "loop-invariant"
  | "graph-tensor-leak"
  | "input-signature-mismatch"
  | "unhashable-argument"
  | "keras-input-shape"
  | "keras-loss-shape"
  | "keras-unexpected-argument"
  | "label-out-of-range"
  | "kerastensor-in-tf-op"
  | "xla-unsupported-op"
  | "device-not-found"
  | "out-of-memory"
  | "tracing-recursion"
  | "non-finite-value"
  | "item-assignment"
  | "unknown-static-shape"
  | "gradient-none"
  | "optimizer-unknown-variable"
  | "version-conflict"
  | "removed-api"
  | "unsupported-data"
  | "keras-saving"
  | "keras-fit-usage"
  | "keras-not-built"
  | "keras-not-a-layer"
  | "keras-output-shape"
  | "index-out-of-range"
  | "tensor-as-index"
  | "numpy-method-on-tensor"
  | "declared-type-mismatch"
  | "distribution-scope"
  | "tape-used-twice"
  | "v1-api-in-eager"
  | "v1-session"
  | "bad-input-file"
  | "untracked-resource"
  | "checkpoint-mismatch"
  | "autograph-limitation"
  | "tensorarray-use"
  | "unclassified";

export type FindingId =
  | "trace-storm"
  | "python-scalar-argument"
  | "varying-shape"
  | "object-identity"
  | "function-recreated"
  | "trace-not-reused"
  | "slow-tracing"
  | "eager-hot-function"
  | "run-eagerly-left-on"
  | "graph-slower-than-eager"
  | "python-loop-unrolled"
  | "python-side-effect"
  | "stale-python-state"
  | "literal-type-collision"
  | "python-op-in-graph"
  | "large-constant"
  | "xla-recompile"
  | "failed-trace"
  | "cross-device-transfers"
  | "placement-not-honoured"
  | "float64-input-cast"
  | "memory-growth"
  | "graph-memory-growth"
  | "version-conflict"
  | "slow-first-call"
  | "input-bound"
  | "slow-input-step"
  | "mode-mismatch"
  | "output-independent-of-input"
  | "autograph-not-applied"
  | "redundant-tf-function"
  | "scalar-loop-in-graph"
  | "per-example-calls"
  | "slows-down"
  | "worker-divergence"
  | "straggler";

export type Severity = "high" | "medium" | "low" | "info";

export type BudgetPart =
  "tracing" | "compiling" | "graph" | "xla" | "eager-ops" | "input" | "keras" | "python" | "idle";

export type RecordingState = "recording" | "complete" | "stopped";

export type Part = "python" | "dispatch" | "tracing" | "compile" | "ops" | "copies" | "idle" | "calls" | "other";

export type ExplanationGroup = "findings" | "diagnoses" | "reasons";

export type Verdict = "faster" | "slower" | "same" | "undecided";

export type Agreement = "identical" | "rounding" | "mismatch" | "random" | "not-deterministic";

export type ChangeVerdict = "faster" | "slower" | "same" | "undecided" | "not-comparable";

export type SettingKind =
  "program" | "versions" | "options" | "devices" | "processes" | "code" | "signatures" | "recording";

export type FindingState = "gone" | "new" | "changed" | "same";

export type CodeState = "same" | "differs" | "unknown";

/** In the order of the integers that slices carry. */
export const MODES: readonly Mode[] = ["eager", "graph", "xla", "tracing", "v1-graph"];

/** A process's place in its cluster: see `log.process_table.Task`. */
export interface TaskInfo {
  readonly type: string;
  readonly index: number;
  readonly workers: number | null;
}

/** One recording process: see `log.process_table.Process`; null for what was lost with the beginning of its file. */
export interface ProcessInfo {
  readonly host: string | null;
  readonly pid: number | null;
  /** Its task in a cluster as one word, such as `worker:1`; null outside one. */
  readonly worker: string | null;
  readonly complete: boolean;
  readonly state: RecordingState;
  readonly last_written_unix_ns: number | null;
  readonly dropped: number;
  readonly counted: number;
  readonly may_miss_ns: number | null;
  /** What came of calls that were dropped, in one sentence; null if none was. */
  readonly dropped_text: string | null;
  readonly process: number;
  readonly start_ns: number;
  readonly end_ns: number | null;
  readonly internal_faults: number;
  /** The same with how many train: `worker:1 of 4, attempt 1`; empty outside a cluster. */
  readonly worker_text: string;
  /** The same in parts. */
  readonly task: TaskInfo | null;
  /** Which attempt at its work it is, from 0; null where no scheduler told. */
  readonly attempt: number | null;
}

/** A line of the program, and the function it is in. */
export interface Place {
  /** Its file. */
  readonly file: string;
  /** The line. */
  readonly line: number;
  /** The function's name. */
  readonly function: string;
  /** The statement that begins there, without indentation; empty if not known. */
  readonly code: string;
  /** The name that TensorFlow has there; empty if not known. */
  readonly tensorflow: string;
  /** The innermost loop around the statement; empty if there is none, or it was not recorded. */
  readonly loop: string;
}

/** A Keras model; `number` counts the models of its process from 1. */
export interface Model {
  readonly number: number;
  readonly class_name: string;
  readonly name: string;
}

/** Calls by mode; `total` is their sum. */
export interface CallCounts {
  readonly eager: number;
  readonly graph: number;
  readonly xla: number;
  readonly tracing: number;
  readonly "v1-graph": number;
  readonly total: number;
}

/** Nanoseconds in all calls of a function, without the recorded calls inside, and while it was traced. */
export interface FunctionTimes {
  readonly total: number;
  readonly self: number;
  readonly tracing: number;
}

/** What a function was called with, how often, and how many traces that caused. */
export interface SignatureInfo {
  readonly signature_id: number;
  readonly text: string;
  readonly calls: number;
  readonly traces: number;
}

/** Calls of a function that found their tensors, and left their results, on the same devices. */
export interface CallDevices {
  readonly mode: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly calls: number;
  /** What they got together from other devices than their results are on. */
  readonly bytes_elsewhere: number;
}

/** What the sampled calls of a function did to a device's memory. */
export interface MemoryFigures {
  /** How many there are. */
  readonly calls: number;
  /** How many of them were open while another thread's were. */
  readonly shared_calls: number;
  /** The most that one of them left behind; negative if each freed some. */
  readonly max_delta_bytes: number;
  /** The most that was allocated during one; null where peaks were not sampled. */
  readonly peak_bytes: number | null;
  /** The most that one needed beyond what it had found; null likewise. */
  readonly max_need_bytes: number | null;
}

/** Ops or kernels of one name. */
export interface NamedTime {
  readonly name: string;
  readonly count: number;
  readonly self_ns: number;
}

/** A large piece of memory that was allocated. */
export interface Allocation {
  readonly bytes: number;
  readonly op: string | null;
  readonly shape: string | null;
}

/** What an allocator told the profiler. */
export interface ProfiledMemory {
  readonly allocations: number;
  readonly allocated_bytes: number;
  readonly freed_bytes: number;
  readonly peak_bytes: number | null;
  readonly largest: readonly Allocation[];
}

/** Where the time of a function's profiled calls in one mode went. */
export interface FunctionProfile {
  readonly mode: Mode;
  readonly calls: number;
  readonly duration_ns: number;
  /** By part of the time. */
  readonly parts_ns: Readonly<Record<Part, number>>;
  readonly ops: number;
  /** The part of it in which no op ran. */
  readonly between_ops_ns: number;
  readonly op_types: readonly NamedTime[];
  readonly kernels: readonly NamedTime[];
  /** null where no allocator told the profiler anything. */
  readonly memory: ProfiledMemory | null;
  /** Which part of the time each part is, from 0 to 1. */
  readonly parts_share: Readonly<Record<Part, number>>;
  /** Which part of it is between ops. */
  readonly between_ops_share: number;
  /** How long a call took on average. */
  readonly call_ns: number;
  /** How many ops it ran. */
  readonly call_ops: number;
  /** How much of its time was between them. */
  readonly call_between_ops_ns: number;
  /** How much of it an op has; null if there are none. */
  readonly op_between_ops_ns: number | null;
}

/** The retraces of a function in which the same kinds of things had changed. */
export interface Cause {
  /** What had changed. */
  readonly kinds: readonly ChangeKind[];
  /** How many there are. */
  readonly retraces: number;
  /** How long they took together, as far as that is known. */
  readonly tracing_ns: number;
}

/** A call: its id is unique within its process. */
export interface CallReference {
  readonly process: number;
  readonly call_id: number;
}

/** One traced function object: see `log.function_table.Function`. */
export interface FunctionInfo {
  readonly function_id: number;
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly kind: string;
  readonly process: number;
  readonly qualname: string;
  readonly module: string;
  readonly definition_id: number;
  readonly instance: number;
  /** The user's line that made it; null if not known. */
  readonly made_at: Place | null;
  /** The Keras model that Keras made it for; null for any other function. */
  readonly model: Model | null;
  /** How many steps of training one of its calls is. */
  readonly steps_per_call: number;
  readonly calls: CallCounts;
  readonly traces: number;
  readonly errors: number;
  readonly time_ns: FunctionTimes;
  readonly signatures: readonly SignatureInfo[];
  /** On which devices its calls left their results; null if that is not known. */
  readonly devices: Readonly<Record<string, number>> | null;
  /** On which devices they found their tensors and left their results; null likewise. */
  readonly call_devices: readonly CallDevices[] | null;
  /** By device; null where memory was not sampled. */
  readonly memory: Readonly<Record<string, MemoryFigures>> | null;
  /** Where the time of its profiled calls went; null where there are none, or profiles were not asked for. */
  readonly profile: readonly FunctionProfile[] | null;
  /** What its retraces come from, the costliest first. */
  readonly causes: readonly Cause[];
  /** The longest of its calls; null if none was recorded. */
  readonly longest_call: CallReference | null;
  /** Which part of its calls ran in each mode, from 0 to 1. */
  readonly call_shares: Readonly<Record<Mode, number>>;
  /** The ops of the graphs of all its traces together, as far as they were recorded. */
  readonly graph_ops: number;
}

/** How a profile's clock was aligned with the recording's, and by how many calls. */
export interface ClockInfo {
  readonly offset_ns: number;
  readonly drift_ppm: number;
  readonly residual_ns: number | null;
  readonly calls: number;
}

/** One profile of TensorFlow's that lies beside the run. */
export interface ProfileInfo {
  readonly profile: number;
  readonly session: string;
  readonly host: string;
  readonly base: string;
  /** A sentence on why nothing of it is shown, or on what is doubtful. */
  readonly note: string | null;
  /** Where it begins; null if it is not known when it was made, or nothing of it is shown. */
  readonly begin_ns: number | null;
  readonly end_ns: number | null;
  readonly events: number | null;
  readonly attached_events: number | null;
  readonly calls: number;
  /** null where nothing of it was joined with calls. */
  readonly clock: ClockInfo | null;
  readonly warnings: readonly string[];
}

/** One difference between two cache keys. */
export interface Change {
  /** One of `words.CHANGE_KINDS`. */
  readonly kind: ChangeKind;
  /** Where, such as `batch["x"]`; a part of the context is named in parentheses, such as `(device)`. */
  readonly path: string;
  /** The earlier trace's side. */
  readonly before: string;
  /** The later trace's side. */
  readonly after: string;
}

/** Why a trace happened. */
export interface Reason {
  /** The kinds of its changes, each once, in the order of `words.CHANGE_KINDS`. */
  readonly kinds: readonly ChangeKind[];
  /** The trace it was compared with; null for a first trace or if none was recorded. */
  readonly nearest_trace_id: number | null;
  /** The changes in one line. */
  readonly summary: string;
  /** Every change against the nearest trace. */
  readonly changes: readonly Change[];
  /** Code that would have avoided it; null if none is suggested. */
  readonly fix: string | null;
  /** How many changes there are beside `changes`, where a report leaves some out. */
  readonly more_changes: number;
}

/** What the graph of a trace is made of, in numbers: see `log.graphs.Graph`. */
export interface GraphInfo {
  readonly ops: number;
  readonly own_ops: number;
  readonly op_types: Readonly<Record<string, number>>;
  readonly functions: number;
  /** How many of its ops leave it for Python. */
  readonly python_ops: number;
  readonly constants: number;
  readonly constant_bytes: number;
  readonly resource_captures: number;
  readonly tensor_captures: number;
  readonly tensor_capture_bytes: number;
  /** Its graph as TensorFlow serializes it; null if not measured. */
  readonly definition_bytes: number | null;
}

/** Where the ops of a trace ran, in numbers: see `log.graphs.Placement`. */
export interface PlacementInfo {
  readonly ops_by_device: Readonly<Record<string, number>>;
  readonly transfers: number;
  /** How many ops ran elsewhere than the program asked for. */
  readonly not_honoured_ops: number;
  readonly compiled: boolean;
}

/** One trace: see `log.trace_table.Trace`. What was not recorded is null. */
export interface TraceInfo {
  readonly trace_id: number;
  readonly function_id: number;
  readonly process: number;
  readonly ordinal: number;
  readonly call_id: number | null;
  /** The call that it belongs to: that of its own function, or the innermost that was open on its thread, as for functions of tf.data and of libraries; null where no recorded call was open. */
  readonly inside_call_id: number | null;
  readonly thread: number;
  readonly start_ns: number;
  readonly duration_ns: number | null;
  readonly signature_id: number | null;
  readonly signature: string | null;
  readonly outputs: string | null;
  readonly captures: readonly string[];
  readonly concrete_name: string;
  readonly reason: Reason;
  readonly graph: GraphInfo | null;
  readonly placement: PlacementInfo | null;
  /** Whether its graph is known to have run. */
  readonly executed: boolean | null;
  readonly called_at: Place | null;
}

/** An exception. */
export interface RaisedInfo {
  readonly type: string;
  readonly message: string;
}

/** One frame of a stack. */
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

/** An exception of a chain; `relation` as in `log.error_table.Raised`. */
export interface ChainedInfo {
  readonly type: string;
  readonly message: string;
  readonly relation: string;
}

/** Lines of one file, written anew. */
export interface Edit {
  /** The file, as recorded. */
  readonly file: string;
  /** The first line that is replaced, from 1; the line before which the code goes, if none is. */
  readonly line: number;
  /** The lines that are replaced, as they were recorded and without their common indentation; empty: none is. */
  readonly replaces: string;
  /** What is written there, without indentation: it gets that of the line; empty: the lines go. */
  readonly code: string;
}

/** A line of the user's. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** What an exception means; `unclassified` where that is not sure. */
export interface Diagnosis {
  readonly id: DiagnosisId;
  readonly title: string;
  readonly why: string;
  /** What is different in the other mode; null where that plays no part. */
  readonly difference: string | null;
  /** Python that the user can paste; null where none is known to run. */
  readonly fix: string | null;
  /** The same as changes to his file. */
  readonly edits: readonly Edit[];
  /** What to do, in one sentence; always there. */
  readonly advice: string;
  readonly source: SourcePlace | null;
}

/** One exception that left a call. */
export interface ErrorInfo {
  readonly error_id: number;
  readonly function_id: number;
  readonly process: number;
  readonly call_id: number | null;
  readonly thread: number;
  readonly time_ns: number;
  readonly mode: string;
  readonly type: string;
  readonly message: string;
  /** What was raised at first, where this only repeats it. */
  readonly core: RaisedInfo;
  /** The error of the innermost call that the same failure left; its own id if that is this one. */
  readonly first_error_id: number;
  /** Whether it left the program, or the recorded block, and so ended it; its function is then the program. */
  readonly ended_program: boolean;
  /** What the call that it left was called with; null if not recorded. */
  readonly signature: string | null;
  /** The user's frames, outermost first. */
  readonly stack: readonly FrameInfo[];
  /** The user's lines that the message itself names. */
  readonly made_at: readonly FrameInfo[];
  /** The exception and what led to it; null where that is left out. */
  readonly chain: readonly ChainedInfo[] | null;
  readonly diagnosis: Diagnosis;
}

/** How many traces a function has, and would have had, had it been written otherwise; null where that is impossible. */
export interface WhatIf {
  readonly now: number;
  readonly tensor_argument: number | null;
  readonly reduce_retracing: number | null;
  readonly input_signature: number | null;
}

/** One run of a program. */
export interface Measured {
  /** Traces of the functions that the finding is about. */
  readonly traces: number;
  /** Traces of all. */
  readonly all_traces: number;
  /** Its wall time. */
  readonly wall_ns: number;
  /** Its exit code; negative: the signal that ended it. */
  readonly exit_code: number;
}

/** A fix that was tried. */
export interface Verified {
  /** Whether it did what the finding is about, and the program still ran to its end. */
  readonly helped: boolean;
  /** The same in words: `tried: 30 → 1 traces, 6.1 s → 2.4 s, same output`. */
  readonly text: string;
  /** The program as it is. */
  readonly before: Measured;
  /** The program with the fix. */
  readonly after: Measured;
  /** Whether it printed the same: `same`, `numbers` (but for numbers) or `other`. */
  readonly output: "same" | "numbers" | "other";
  /** The first line that differs; null if none does. */
  readonly difference: string | null;
}

/** One way of writing a function, and the traces it would have had. */
export interface WhatIfOption {
  /** `now`, or which number of `what_if` it labels. */
  readonly option: string;
  /** What to call it, as in "2 with reduce_retracing". */
  readonly label: string;
  /** How many traces there would have been; null if it is not possible, or was not simulated. */
  readonly traces: number | null;
  /** Whether its code is what the finding's fix says. */
  readonly best: boolean;
}

/** A conclusion with evidence, a cause and a fix. */
export interface Finding {
  /** What it is. */
  readonly id: FindingId;
  /** How much it matters. */
  readonly severity: Severity;
  /** The function it is about, the last of several; null if it is about none. */
  readonly function_id: number | null;
  /** All functions that it is about. */
  readonly function_ids: readonly number[];
  /** The definition that these were made from; null if it is about none. */
  readonly definition_id: number | null;
  /** One line. */
  readonly title: string;
  /** The user's line to look at, `train.py:14`; null if none is known. */
  readonly place: string | null;
  /** The call that shows it best; null if none was recorded. */
  readonly call: CallReference | null;
  /** Numbers and names it rests on, and `lost_ns`. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** What causes it. */
  readonly why: string;
  /** What to do, in a sentence. */
  readonly advice: string;
  /** Code to paste, each piece with where it goes; null if none can be given. */
  readonly fix: string | null;
  /** The same for programs; none likewise. */
  readonly edits: readonly Edit[];
  /** Numbers of traces under each option; null where it is not about traces. */
  readonly what_if: WhatIf | null;
  /** The wall time that would have been saved. */
  readonly lost_ns: number;
  /** The part of its process's wall time that this is. */
  readonly share: number;
  /** What came of it when the fix was tried; null if it was not. */
  readonly verified: Verified | null;
  /** The numbers of `what_if` with their labels, in order; null likewise. */
  readonly what_if_options: readonly WhatIfOption[] | null;
}

/** Traces after a definition's first, as what they are. */
export interface Repeated {
  /** All of them. */
  readonly total: number;
  /** Traces of function objects that were made of lines that had been traced before. */
  readonly made_anew: number;
  /** Traces of a function object that had been traced before. */
  readonly same_function: number;
  /** Of these, the ones that nobody has to mend: TensorFlow's second trace of a function that creates variables, and one more shape, as of a short last batch. */
  readonly normal: number;
  /** The same in words: `601 repeated: 600 of functions made anew, 1 normal`; empty if there are none. */
  readonly text: string;
}

/** How many traces had a kind of change among others. */
export interface KindCount {
  readonly kind: ChangeKind;
  readonly traces: number;
}

/** A stretch of time, since the run's start. */
export interface Stretch {
  readonly begin_ns: number;
  readonly end_ns: number;
}

/** A part of the wall time, as the bar shows it. */
export interface Slice {
  /** Which part of the budget it is. */
  readonly part: BudgetPart;
  /** The same in few words. */
  readonly name: string;
  /** How long it is. */
  readonly ns: number;
  /** Which part of the wall time that is, from 0 to 1. */
  readonly share: number;
  /** The share in words: `92 %`. */
  readonly text: string;
  /** How it is known. */
  readonly how: "measured" | "sampled";
  /** By how much a share that samples tell may be wrong, in words: `± 2 %`; null for one that is measured. */
  readonly plus_minus: string | null;
  /** Its longest stretch, to look at; null where nothing measured tells of one. */
  readonly longest: Stretch | null;
}

/** A definition that the main thread was in, and nothing recorded around it. */
export interface Outermost {
  /** Its row of the definitions; null where only samples know of it. */
  readonly definition_id: number | null;
  /** What it is called; a script by its file. */
  readonly name: string;
  /** How many of its calls nothing was around; null where only samples know of it. */
  readonly calls: number | null;
  /** How long it was open. */
  readonly ns: number;
  /** The same as a part of the wall time, from 0 to 1. */
  readonly share: number;
  /** How that is known. */
  readonly how: "measured" | "sampled";
  /** All of that in words: `92% Model.predict (200 calls)`. */
  readonly text: string;
}

/** What is told first. */
export interface FirstLines {
  /** The wall time of the process that stands for the run. */
  readonly wall_ns: number;
  /** The same as a text. */
  readonly wall: string;
  /** That process. */
  readonly process: number;
  /** What the time of its main thread was, the longest first; what took no time is left out. The parts sum to `wall_ns`. */
  readonly bar: readonly Slice[];
  /** The same as one line. */
  readonly sentence: string;
  /** What the main thread was in, from outside, the longest first. */
  readonly outermost: readonly Outermost[];
  /** The same as one line: `92% Model.predict (200 calls) · 6% train_step`; empty if there is none. */
  readonly outermost_text: string;
  /** What Keras's fit, evaluate and predict did with their time, a line for each that took much of it, and for a slow callback. */
  readonly keras: readonly string[];
  /** Of a run with several workers, how they have traced, and how their clocks stand to each other: a line each. */
  readonly workers: readonly string[];
  /** The findings that matter, as places in the list of findings; at most `MATTER`. */
  readonly matter: readonly number[];
  /** How many findings matter beside these. */
  readonly more: number;
  /** A sentence, if no finding matters and nothing failed; else null. */
  readonly nothing_to_mend: string | null;
  /** The finding that this sentence names, since so much could be saved by its fix, as a place in the list of findings; else null. */
  readonly could_save: number | null;
  /** `ended by ValueError at train.py:12`, if an exception has ended the program or the recorded block; else null. */
  readonly ended_by: string | null;
}

/** A run in a few numbers. */
export interface Summary {
  /** The calls of all functions by mode. */
  readonly calls: CallCounts;
  /** Which part of the calls ran in each mode, from 0 to 1. */
  readonly call_shares: Readonly<Record<Mode, number>>;
  /** How many traces there are. */
  readonly traces: number;
  /** How many of them are no function's first. */
  readonly retraces: number;
  /** How many functions these belong to. */
  readonly retraced_functions: number;
  /** The traces after the first of each definition, which may be of other functions that were made of the same lines. */
  readonly repeated: Repeated;
  /** What these are in words, or that there are none. */
  readonly repeated_text: string;
  /** How many traces had which kind of change. */
  readonly change_kinds: readonly KindCount[];
  /** How many failures there are; one is an error of every call that it left, and counts once. */
  readonly failures: number;
  /** The time in traced functions: how long each thread was in a recorded call or a trace, added up over the threads. */
  readonly functions_ns: number;
  /** The part of it in which a thread was in a trace. */
  readonly tracing_ns: number;
  /** The rest of it. */
  readonly running_ns: number;
  /** `tracing_ns` as a part of `functions_ns`, from 0 to 1; null if no call was recorded. */
  readonly tracing_share_of_functions: number | null;
  /** What is told first; null if no process is known. */
  readonly first_lines: FirstLines | null;
}

/** Failures of one kind, in one place of one function. */
export interface FailureGroup {
  /** What they mean. */
  readonly diagnosis_id: DiagnosisId;
  /** The same in one line. */
  readonly title: string;
  /** The function whose call they left first. */
  readonly function_id: number;
  /** The first of them, as it left the innermost call. */
  readonly error_id: number;
  /** Each of them, likewise, in order. */
  readonly error_ids: readonly number[];
  /** How many they are. */
  readonly count: number;
  /** The functions whose calls the first of them left, innermost first, each once. */
  readonly left: readonly number[];
  /** The error of the first of them that has the longest stack. */
  readonly stack_error_id: number;
}

/** A part of a thread's time: see `budget.Part`. */
export interface PartInfo {
  readonly part: BudgetPart;
  readonly ns: number;
  readonly how: "measured" | "sampled";
  readonly plus_minus_ns: number | null;
  readonly label: string;
}

/** One thread's split of its process's wall time; `thread` is null for a main thread on which nothing was recorded. */
export interface ThreadBudgetInfo {
  readonly thread: number | null;
  readonly name: string;
  readonly main: boolean;
  readonly parts: readonly PartInfo[];
}

/** The wall time of one process, its main thread's split first. Threads ran at the same time: their times are not to be added up. */
export interface ProcessBudgetInfo {
  readonly process: number;
  readonly wall_ns: number;
  readonly threads: readonly ThreadBudgetInfo[];
}

/** A part of a definition's wall time. */
export interface DefinitionPart {
  /** Which part of the budget it is. */
  readonly part: BudgetPart;
  /** How long. */
  readonly ns: number;
  /** The same as a part of its process's wall time, from 0 to 1. */
  readonly share: number;
}

/** One definition: see `definitions.Definition`. */
export interface DefinitionInfo {
  readonly definition_id: number;
  readonly process: number;
  readonly name: string;
  /** Its name, and how many functions were made from it where these are several: `step × 30`. */
  readonly title: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly kind: string;
  /** The ids of these functions. */
  readonly functions: readonly number[];
  readonly calls: CallCounts;
  readonly traces: number;
  readonly traces_inside: number;
  /** Its own traces, and those of other functions that belong to its calls. */
  readonly all_traces: number;
  readonly repeated: Repeated;
  /** How long it was open on the thread that spent most time in it. */
  readonly wall_ns: number;
  readonly tracing_ns: number;
  readonly main_ns: number;
  /** The same as a part of the wall time, from 0 to 1. */
  readonly share: number;
  /** What that time was; they sum to `wall_ns`. */
  readonly parts: readonly DefinitionPart[];
  readonly threads: number;
  /** Whether that holds time in which its generators or coroutines lay suspended. */
  readonly suspended: boolean;
  /** The longest of its calls; null if none was recorded. */
  readonly longest_call: CallReference | null;
  /** What changed from trace to trace, in one line; null where it was not traced again or that is not known. */
  readonly changes: string | null;
}

/** A part of a call's time: see `keras_phases.Phase`. */
export interface KerasPhaseInfo {
  readonly kind: "setup" | "data" | "function" | "validation" | "nested" | "callback" | "end" | "between";
  readonly name: string;
  readonly ns: number;
  readonly share: number;
  readonly count: number;
  readonly longest_ns: number | null;
  readonly how: "measured" | "sampled";
}

/** A call of fit, evaluate or predict, or several that are alike: see `keras_phases.KerasCall`. */
export interface KerasCallInfo {
  readonly entry: string;
  readonly model: string;
  readonly process: number;
  readonly thread: number;
  readonly calls: number;
  readonly within: string | null;
  readonly start_ns: number;
  readonly ns: number;
  readonly phases: readonly KerasPhaseInfo[];
  readonly text: string;
}

/** The memory of a process that is not swapped out, sampled whenever it wrote what it had recorded. */
export interface ProcessMemoryInfo {
  readonly process: number;
  /** How often. */
  readonly samples: number;
  /** The first sample. */
  readonly begin_bytes: number;
  /** The last. */
  readonly end_bytes: number;
  /** The largest. */
  readonly most_bytes: number;
}

/** The eager time of a line; `code` is its text, null if that is not known. */
export interface EagerLineInfo {
  readonly line: number;
  readonly code: string | null;
  readonly eager_ns: number;
  readonly plus_minus_ns: number;
}

/** The eager time of an op, called as its function in TensorFlow's Python; what lies around ops is in none. */
export interface EagerOpInfo {
  readonly op: string;
  readonly eager_ns: number;
  readonly plus_minus_ns: number;
}

/** A definition of the program's that ran eager ops, decorated or not: see `eager.EagerDefinition`. */
export interface EagerDefinitionInfo {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly process: number;
  /** The thread that spent most eager time in it, of which all times are. */
  readonly thread: number;
  /** Its row of `definitions`; null if no call of it was recorded. */
  readonly definition_id: number | null;
  /** How many calls of it were; null likewise. */
  readonly calls: number | null;
  /** How long it ran eager ops. */
  readonly eager_ns: number;
  /** By how much that may be wrong. */
  readonly plus_minus_ns: number;
  /** `eager_ns` as a part of the wall time, from 0 to 1. */
  readonly share: number;
  /** How many samples that rests on. */
  readonly samples: number;
  /** All the time in it that samples tell of. */
  readonly sampled_ns: number;
  readonly lines: readonly EagerLineInfo[];
  readonly ops: readonly EagerOpInfo[];
}

/** What samples tell; times are ± `plus_minus_ns`, within which the truth is in 95 of 100 cases. */
export interface SamplesInfo {
  /** How many there are. */
  readonly samples: number;
  /** Those that ran eager ops, the one that took most time first. */
  readonly definitions: readonly EagerDefinitionInfo[];
}

/** Why a mode cannot run the function. */
export interface ModeFailure {
  /** The exception's type. */
  readonly type: string;
  /** Its message. */
  readonly message: string;
  /** What it means. */
  readonly id: DiagnosisId;
  /** One line. */
  readonly title: string;
  /** Why it happens in this mode. */
  readonly why: string;
  /** What to do, in a sentence. */
  readonly advice: string;
  /** Code to paste; null if none can be given. */
  readonly fix: string | null;
  /** The user's file to look at; null if none is known. */
  readonly file: string | null;
  /** The line there. */
  readonly line: number | null;
}

/** From which call on a mode has paid for its tracing, compiling and first run. */
export interface BreakEven {
  /** The call; null if there is none. */
  readonly calls: number | null;
  /** The least that it may be; null if it is never. */
  readonly low: number | null;
  /** The most; null if it may be never. */
  readonly high: number | null;
}

/** Whether a mode computes what the reference does. */
export interface ResultsAnswer {
  /** How its results, and the variables after a call, compare with the reference's. */
  readonly agreement: Agreement;
  /** The representable numbers that lie between two floating results at most; null if none differ. */
  readonly max_ulps: number | null;
  /** The same in words. */
  readonly text: string;
  /** What differs by more than rounding explains, in words, what differs most first. */
  readonly differing: readonly string[];
}

/** What one mode does. Of one that fails, everything but `failure` is null, 0 or empty. */
export interface ModeRow {
  /** The mode. */
  readonly mode: Mode;
  /** Why it fails; null if it does not. */
  readonly failure: ModeFailure | null;
  /** What a call takes once everything is made: the reference's median over the blocks, times the ratio. */
  readonly call_ns: number | null;
  /** Calls that this rests on. */
  readonly calls: number;
  /** Rounds that the ratio rests on. */
  readonly rounds: number;
  /** How many of them lie far outside; they count all the same. */
  readonly outliers: number;
  /** Whether blocks agreed before measuring began. */
  readonly steady: boolean;
  /** Calls until they did, or that were made without. */
  readonly calls_until_steady: number;
  /** Its time by the reference's; null of the reference. */
  readonly ratio: number | null;
  /** The lower end of the ratio's interval; null if there were too few rounds. */
  readonly ratio_low: number | null;
  /** The upper end, likewise. */
  readonly ratio_high: number | null;
  /** The three in one. */
  readonly ratio_text: string;
  /** Whether it is faster or slower than the reference; null of the reference. */
  readonly verdict: Verdict | null;
  /** The same in words. */
  readonly verdict_text: string;
  /** What tracing took the first time; null where nothing is traced. */
  readonly tracing_ns: number | null;
  /** What the call after it took, with XLA's compilation. */
  readonly first_call_ns: number | null;
  /** What tracing, compiling and the first run cost once. */
  readonly one_off_ns: number | null;
  /** From which call on it pays; null where that cannot be told, and of the reference. */
  readonly break_even: BreakEven | null;
  /** The same in words. */
  readonly break_even_text: string | null;
  /** What a call allocates at most; null where no allocator tells. */
  readonly peak_bytes: number | null;
  /** Ops that a call dispatches from Python; null if not counted. */
  readonly dispatched_ops: number | null;
  /** Whether a second call, from the same variables, does what the first did. */
  readonly deterministic: boolean | null;
  /** Whether it computes what the reference does; null of the reference. */
  readonly results: ResultsAnswer | null;
  /** After how many steps it is elsewhere than the reference by more than rounding explains; null if it is not. */
  readonly drift_step: number | null;
  /** The same in words; null if no steps were followed. */
  readonly drift_text: string | null;
}

/** One function in several modes, as reports tell of it. */
export interface ComparisonInfo {
  /** The function. */
  readonly name: string;
  /** Where it is defined; empty if that is not known. */
  readonly file: string;
  /** The line there. */
  readonly line: number;
  /** What it was called with. */
  readonly signature: string;
  /** Number of the process. */
  readonly process: number;
  /** When it was compared, since the run's start. */
  readonly time_ns: number;
  /** How long that took. */
  readonly duration_ns: number;
  /** The mode that the others are compared with; null if all have failed. */
  readonly reference: Mode | null;
  /** One a mode, in the order that was asked for. */
  readonly rows: readonly ModeRow[];
  /** The lower end of the interval of the reference by itself; null if there were too few rounds. */
  readonly control_low: number | null;
  /** The upper end, likewise. What is off 1 here is not the modes' doing. */
  readonly control_high: number | null;
  /** Variables that were put back before each block. */
  readonly variables: number;
  /** Other resources, such as tables, that were not. */
  readonly other_resources: number;
  /** What limits the answer, in sentences. */
  readonly notes: readonly string[];
  /** The verdicts in one line. */
  readonly summary: string;
  /** The definition in its run; null if no call of it was recorded. */
  readonly definition_id: number | null;
}

/** Workers that have traced alike. */
export interface WorkerGroupInfo {
  /** Their names. */
  readonly workers: readonly string[];
  /** Their processes. */
  readonly processes: readonly number[];
  /** How many traces each of them has, of what all workers call. */
  readonly traces: number;
  /** The first trace that tells them from the first group; null of that. */
  readonly first_trace_id: number | null;
  /** Whether it is one of theirs; else it is one that they do not have. */
  readonly first_trace_is_theirs: boolean | null;
  /** How long each of the others waited while they traced what the others had not, by name; null of the first group, and where that is not known. */
  readonly waited_ns: Readonly<Record<string, number>> | null;
}

/** How one worker's clock stands to that of the first. */
export interface Clock {
  /** The worker. */
  readonly worker: string;
  /** Its process. */
  readonly process: number;
  /** `reference` of the first; by `steps`; `same-machine`, where both read one clock; or `none`: not aligned. */
  readonly how: "reference" | "steps" | "same-machine" | "none";
  /** By how much what it recorded is late in the middle of the steps; null if it is not aligned. */
  readonly offset_ns: number | null;
  /** By how much that may be wrong at most, in 99 of 100 cases. */
  readonly plus_minus_ns: number | null;
  /** How much faster its clock runs, in millionths; null if no steps tell, or they are too few. */
  readonly drift_ppm: number | null;
  /** By how much that may be wrong at most, likewise. */
  readonly drift_plus_minus_ppm: number | null;
  /** The middle of the steps, by the first one's clock, since the run's start. */
  readonly middle_ns: number | null;
  /** How far apart half of the steps' ends still are at most once that is taken away. */
  readonly residual_ns: number | null;
  /** How many steps that rests on. */
  readonly steps: number;
  /** By how much its wall clock was set while it recorded; 0 if it was not, null if that was not recorded. */
  readonly set_ns: number | null;
  /** Why it is not aligned, if it is not. */
  readonly why_not: string;
}

/** One worker between steps. */
export interface Busy {
  /** Its name. */
  readonly worker: string;
  /** Its process. */
  readonly process: number;
  /** How long it does its own things before a step, on average, where nobody traces. */
  readonly busy_ns: number;
  /** How far that is from the others'; null of fewer than three workers, or too few steps. */
  readonly z_score: number | null;
  /** In which part of the steps it was the last, from 0 to 1. */
  readonly last: number;
  /** How long it traced in steps and between them. */
  readonly tracing_ns: number;
  /** How long its steps waited while others traced what it did not. */
  readonly waited_ns: number;
}

/** The workers of a run, one beside the other. */
export interface WorkersInfo {
  /** Those that have traced alike; the others are held against the first. */
  readonly groups: readonly WorkerGroupInfo[];
  /** Functions that only the chief calls. */
  readonly chief_only: readonly string[];
  /** How the clock of each stands to that of the first. */
  readonly clocks: readonly Clock[];
  /** Whether that is known of all. */
  readonly clocks_aligned: boolean;
  /** The same in a sentence. */
  readonly clocks_text: string;
  /** The function whose calls end on all of them together; null if none is known to. */
  readonly step: string | null;
  /** How many such calls each of them has made; null likewise. */
  readonly steps: number | null;
  /** How long one takes, with what is done before the next; null likewise. */
  readonly step_ns: number | null;
  /** What each does between steps; none likewise. */
  readonly busy: readonly Busy[];
  /** How they have traced, in a sentence. */
  readonly text: string;
}

/** Everything that is told of a run. */
export interface RunReport {
  readonly run: string;
  /** When it began, in nanoseconds since 1970; null if that is lost. All other times count from it. */
  readonly start_unix_ns: number | null;
  readonly complete: boolean;
  /** Whether it goes on, was ended, or was stopped without an end, as of when it was read. */
  readonly state: RecordingState;
  /** When its files were last written, in nanoseconds since 1970; null if that is lost. */
  readonly last_written_unix_ns: number | null;
  readonly processes: readonly ProcessInfo[];
  readonly versions: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly functions: readonly FunctionInfo[];
  /** null where profiles were not asked for. */
  readonly profiles: readonly ProfileInfo[] | null;
  readonly traces: readonly TraceInfo[];
  readonly errors: readonly ErrorInfo[];
  /** Those that cost most time first. */
  readonly findings: readonly Finding[];
  /** A sentence for everything that could not be read, or was to be recorded and was not told. */
  readonly warnings: readonly string[];
  /** The run in a few numbers. */
  readonly summary: Summary;
  /** Exceptions as they happened, each once, those that are alike together. */
  readonly failures: readonly FailureGroup[];
  /** The wall time of the process that stands for the run; null if no process is known. */
  readonly wall_ns: number | null;
  /** What the time of its main thread was; the parts sum to `wall_ns`. */
  readonly budget: readonly PartInfo[];
  /** The same of every process, and of its other threads. */
  readonly budgets: readonly ProcessBudgetInfo[];
  /** The functions folded by definition, by number. */
  readonly definitions: readonly DefinitionInfo[];
  /** What Keras's fit, evaluate and predict did with their time, those that took longest first. */
  readonly keras_phases: readonly KerasCallInfo[];
  /** What memory the processes had; none where the operating system does not tell. */
  readonly process_memory: readonly ProcessMemoryInfo[];
  /** Eager time by definition, line and op, of code that nobody has decorated, too; null if no stacks were sampled. */
  readonly samples: SamplesInfo | null;
  /** Functions that were run in several modes one beside the other, in the order in which that was done. */
  readonly comparisons: readonly ComparisonInfo[];
  /** The workers that trained together, one beside the other; null if there are not several. */
  readonly workers: WorkersInfo | null;
}

/** Ops that one line of the user's made; null for a place or text that is not known. */
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

/** A large constant in a graph. */
export interface LargeConstant {
  readonly op: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly file: string | null;
  readonly line: number | null;
}

/** A loop or branch in a graph. */
export interface ControlFlow {
  readonly type: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly own_line: number | null;
}

/** An input that a graph converts to another dtype before anything else. */
export interface InputCast {
  readonly input: string;
  readonly from_dtype: string;
  readonly to_dtype: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** Ops of one type, or of all types that are not shown by name. */
export interface TypeCount {
  readonly type: string;
  readonly ops: number;
}

/** Ops that one line of the user's made, as they are shown. */
export interface ShownLine {
  readonly file: string | null;
  readonly line: number | null;
  readonly own_line: number | null;
  readonly ops: number;
  readonly op_types: Readonly<Record<string, number>>;
  readonly repeats: number;
  readonly in_loop: boolean;
  readonly code: string | null;
  /** Its ops as a part of those of the line that made most. */
  readonly of_most: number;
  /** Its types of ops, the most frequent first, those beyond the first as one. */
  readonly shown_types: readonly TypeCount[];
}

/** A line of the function's own definition, with what it made itself and through the lines that it calls. */
export interface OwnLine {
  /** The line in the function's file. */
  readonly number: number;
  readonly ops: number;
  /** Its ops as a part of those of the line that made most. */
  readonly of_most: number;
  /** How often the same ops were made by it, as an unrolled loop makes them; 1 for no repetition. */
  readonly repeats: number;
  /** Whether some of them lie in the body of a loop in the graph. */
  readonly in_loop: boolean;
  /** The lines that the ops came through, most ops first. */
  readonly through: readonly ShownLine[];
}

/** A graph with the ops of each line. */
export interface GraphDetails {
  readonly ops: number;
  readonly own_ops: number;
  readonly op_types: Readonly<Record<string, number>>;
  readonly functions: number;
  /** How many of its ops leave it for Python. */
  readonly python_ops: number;
  readonly constants: number;
  readonly constant_bytes: number;
  readonly resource_captures: number;
  readonly tensor_captures: number;
  readonly tensor_capture_bytes: number;
  /** Its graph as TensorFlow serializes it; null if not measured. */
  readonly definition_bytes: number | null;
  readonly source_lines: readonly SourceLineInfo[];
  readonly large_constants: readonly LargeConstant[];
  readonly control_flow: readonly ControlFlow[];
  readonly input_casts: readonly InputCast[];
  /** The lines of the function's definition that made any, ascending. */
  readonly own_lines: readonly OwnLine[];
  /** Lines outside of it, as of a function that was traced before, most ops first. */
  readonly elsewhere: readonly ShownLine[];
  /** Ops that no line made: inputs, captures, outputs. */
  readonly by_tensorflow: readonly ShownLine[];
  /** Its types of ops, the most frequent first, those beyond the first as one. */
  readonly shown_types: readonly TypeCount[];
}

/** A tensor that one device sends to another; null for what is not known before it runs. */
export interface TransferInfo {
  readonly op: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[] | null;
  readonly bytes: number | null;
  readonly from: string;
  readonly to: string;
  readonly control: boolean;
  readonly file: string | null;
  readonly line: number | null;
}

/** An op, by its type and its name, that ran on another device than the program asked for. */
export interface NotHonouredInfo {
  readonly op: string;
  readonly name: string;
  readonly requested: string;
  readonly actual: string;
  readonly no_such_device: boolean;
  readonly file: string | null;
  readonly line: number | null;
}

/** The same with every transfer and every op that is not where it should be. */
export interface PlacementLists {
  readonly ops_by_device: Readonly<Record<string, number>>;
  readonly transfers: number;
  /** How many ops ran elsewhere than the program asked for. */
  readonly not_honoured_ops: number;
  readonly compiled: boolean;
  readonly transfer_list: readonly TransferInfo[];
  readonly not_honoured: readonly NotHonouredInfo[];
}

/** One trace with everything that is told of its graph and its placement. */
export interface TraceDetails {
  readonly trace_id: number;
  readonly function_id: number;
  readonly process: number;
  readonly ordinal: number;
  readonly call_id: number | null;
  /** The call that it belongs to: that of its own function, or the innermost that was open on its thread, as for functions of tf.data and of libraries; null where no recorded call was open. */
  readonly inside_call_id: number | null;
  readonly thread: number;
  readonly start_ns: number;
  readonly duration_ns: number | null;
  readonly signature_id: number | null;
  readonly signature: string | null;
  readonly outputs: string | null;
  readonly captures: readonly string[];
  readonly concrete_name: string;
  readonly reason: Reason;
  readonly graph: GraphDetails | null;
  readonly placement: PlacementLists | null;
  /** Whether its graph is known to have run. */
  readonly executed: boolean | null;
  readonly called_at: Place | null;
  /** The function's name. */
  readonly function: string;
  /** How many calls have its signature; null if that is not known. */
  readonly calls: number | null;
}

/** Where a function ran: the placement of that of its placed traces which has most ops. */
export interface FunctionPlacement {
  readonly ops_by_device: Readonly<Record<string, number>>;
  readonly transfers: number;
  /** How many ops ran elsewhere than the program asked for. */
  readonly not_honoured_ops: number;
  readonly compiled: boolean;
  readonly function_id: number;
  readonly function: string;
  /** How many of its traces were placed. */
  readonly traces: number;
  /** Which part of its ops ran on each device, from 0 to 1. */
  readonly shares_by_device: Readonly<Record<string, number>>;
}

/** What goes from one device to another. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly transfers: number;
  readonly bytes: number;
  /** Transfers whose size is not known. */
  readonly unknown: number;
}

/** A transfer in the graph of a trace. */
export interface TransferOfTrace {
  readonly op: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[] | null;
  readonly bytes: number | null;
  readonly from: string;
  readonly to: string;
  readonly control: boolean;
  readonly file: string | null;
  readonly line: number | null;
  readonly trace_id: number;
  readonly function_id: number;
}

/** An op of the graph of a trace that is not where it should be. */
export interface NotHonouredOfTrace {
  readonly op: string;
  readonly name: string;
  readonly requested: string;
  readonly actual: string;
  readonly no_such_device: boolean;
  readonly file: string | null;
  readonly line: number | null;
  readonly trace_id: number;
  readonly function_id: number;
}

/** Where the functions of a run ran, and what crossed devices. */
export interface PlacementOfRun {
  readonly devices: readonly string[];
  /** Those of which a trace was placed. */
  readonly functions: readonly FunctionPlacement[];
  /** What these send from device to device, most bytes first. */
  readonly flows: readonly Flow[];
  /** The first of them, once however many traces of a function have them. */
  readonly transfers: readonly TransferOfTrace[];
  /** Likewise the ops that are not where they should be. */
  readonly not_honoured: readonly NotHonouredOfTrace[];
  /** How many traces there are. */
  readonly traces: number;
  /** Of how many of them it is known where their ops ran. */
  readonly placed: number;
}

/** What a device held over time. */
export interface DeviceLine {
  readonly device: string;
  readonly process: number;
  /** How many there are, of which each point is the highest of its stretch of time. */
  readonly samples: number;
  readonly time_ns: readonly number[];
  readonly current_bytes: readonly number[];
  /** null where peaks were not sampled. */
  readonly peak_bytes: readonly number[] | null;
}

/** What a process held over time. */
export interface HostLine {
  readonly process: number;
  readonly time_ns: readonly number[];
  readonly resident_bytes: readonly number[];
}

/** A call after which more was allocated than before. */
export interface RaisingCall {
  readonly process: number;
  readonly call_id: number;
  readonly function_id: number;
  readonly function: string;
  readonly device: string;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly delta_bytes: number;
  /** What it needed beyond what it had found; null where peaks were not sampled. */
  readonly need_bytes: number | null;
  /** The most that was allocated during it; null likewise. */
  readonly peak_bytes: number | null;
  /** Whether it was open while another thread's sampled call was. */
  readonly shared: boolean;
}

/** What devices and processes held over time, and the calls that raised it most. */
export interface MemoryOverTime {
  /** What was asked for: `off`, `delta` or `peak`. */
  readonly mode: string;
  readonly devices: readonly DeviceLine[];
  readonly host: readonly HostLine[];
  readonly raised: readonly RaisingCall[];
}

/** The call that a call was made in; its function is null while it has not ended. */
export interface ParentCall {
  readonly call_id: number;
  readonly function: string | null;
}

/** What left a call. */
export interface CallError {
  readonly error_id: number;
  readonly type: string;
  readonly message: string;
}

/** One call. */
export interface CallDescription {
  readonly call_id: number;
  readonly process: number;
  readonly thread_id: number;
  readonly thread: string;
  readonly function_id: number;
  readonly function: string;
  readonly mode: Mode;
  readonly start_ns: number;
  readonly duration_ns: number;
  readonly depth: number;
  readonly parent: ParentCall | null;
  readonly signature: string | null;
  /** The traces that belong to it, ascending. */
  readonly trace_ids: readonly number[];
  readonly raised: boolean;
  /** Whether it is one of a generator or coroutine. */
  readonly suspendable: boolean;
  readonly error: CallError | null;
  /** How many recorded calls were made in it. */
  readonly children: number;
}

/** What one id means. */
export interface Explanation {
  /** What kind of conclusion it is. */
  readonly group: ExplanationGroup;
  /** What such a one is called. */
  readonly noun: string;
  /** The id, as reports have it. */
  readonly id: string;
  /** One line. */
  readonly title: string;
  /** What a report or an exception says of the wrong program. */
  readonly looks_like: string;
  /** What causes it, and why it is so in this mode. In this and what follows, code stands between backticks. */
  readonly why: string;
  /** A small program that has it; null where no program can show it. */
  readonly wrong: string | null;
  /** The same program mended; null where there is nothing to mend. */
  readonly right: string | null;
  /** How to see that it is gone. */
  readonly mended: string;
  /** What looks like it and is not told, or is told as something else; null where there is nothing to say. */
  readonly not_told: string | null;
  /** Where TensorFlow's documentation says more: titles of pages, and names of functions. */
  readonly further: readonly string[];
}

/** A part of a call's duration, as `4.5 s tracing`. */
export interface Term {
  readonly name: string;
  readonly ns: number;
}

/** How long the calls of the same function in the same mode took. */
export interface Others {
  /** How many there are, this one among them. */
  readonly calls: number;
  /** Their median. */
  readonly median_ns: number;
  /** How this one compares: `2,140 × the median of 99 calls`. */
  readonly text: string;
  /** Where the bins of the histogram begin, and where the last ends. */
  readonly edges_ns: readonly number[];
  /** How many calls fell into each. */
  readonly counts: readonly number[];
  /** Which of these this call is in. */
  readonly own: number;
}

/** The calls of one definition that a call made itself; `share` is the part of its duration that they took, from 0 to 1. */
export interface Child {
  readonly definition_id: number;
  readonly title: string;
  readonly calls: number;
  readonly ns: number;
  readonly share: number;
}

/** What one call cost. */
export interface CallCosts {
  /** What its duration is the sum of, if it traced and did anything else; none otherwise. */
  readonly terms: readonly Term[];
  /** The same in words: `5.36 s = 4.5 s tracing + 860 ms first run`; empty likewise. */
  readonly terms_text: string;
  /** The calls of its function in its mode; null if there is no other. */
  readonly others: Others | null;
  /** What it called itself, the longest first. */
  readonly children: readonly Child[];
  /** How many rows more there are. */
  readonly more_children: number;
  /** The user's line that had led to a trace in it; null where that is not known. */
  readonly called_at: string | null;
}

/** Every trace in order of time, as columns. */
export interface TraceEvents {
  /** Its id. */
  readonly trace_id: readonly number[];
  /** Its process. */
  readonly process: readonly number[];
  /** The call that it belongs to; null if it belongs to none. */
  readonly call_id: readonly (number | null)[];
  /** Where that call is drawn; -1 likewise. */
  readonly lane: readonly number[];
  /** Likewise. */
  readonly row: readonly number[];
  /** When it began. */
  readonly start_ns: readonly number[];
  /** How long it took; 0 where that is not known. */
  readonly duration_ns: readonly number[];
}

/** Every error in order of time, as columns; `call_id`, `lane` and `row` as of traces. */
export interface ErrorEvents {
  readonly error_id: readonly number[];
  readonly process: readonly number[];
  readonly call_id: readonly (number | null)[];
  readonly lane: readonly number[];
  readonly row: readonly number[];
  readonly time_ns: readonly number[];
}

/** What the first run of a graph took beyond a later one, after its trace and inside the call that waited, as columns. */
export interface FirstRunEvents {
  readonly lane: readonly number[];
  readonly row: readonly number[];
  readonly start_ns: readonly number[];
  readonly duration_ns: readonly number[];
}

/** The calls that took most time by themselves, without calls and traces inside them, the longest first, as columns. */
export interface LongestCalls {
  readonly process: readonly number[];
  readonly call_id: readonly number[];
  readonly self_ns: readonly number[];
}

/** What stands out on a run's timeline. */
export interface TimelineEvents {
  /** When the first call of the run began, since its start. */
  readonly begin_ns: number;
  /** When its last call ended. */
  readonly end_ns: number;
  /** How many calls began in each of equal stretches of that. */
  readonly density: readonly number[];
  /** Every trace. */
  readonly traces: TraceEvents;
  /** Every error. */
  readonly errors: ErrorEvents;
  /** What first runs took. */
  readonly first_runs: FirstRunEvents;
  /** The longest calls. */
  readonly longest: LongestCalls;
}

/** The calls of one mode in a window. */
export interface ModeInWindow {
  /** The mode. */
  readonly mode: Mode;
  /** How many of its calls were open in the window. */
  readonly calls: number;
  /** For how long they were the innermost thing open on their threads, added up over the threads. */
  readonly self_ns: number;
  /** The same as a part of what all modes and tracing have together, from 0 to 1. */
  readonly share: number;
}

/** The calls of one definition in one mode in a window. */
export interface DefinitionInWindow {
  /** The definition. */
  readonly definition_id: number;
  /** What it is called. */
  readonly title: string;
  /** How these calls ran. */
  readonly mode: Mode;
  /** How many of them were open in the window. */
  readonly calls: number;
  /** How long they were open in it, each call by itself, with what they called. */
  readonly total_ns: number;
  /** For how long they were the innermost thing open on their threads. */
  readonly self_ns: number;
  /** `self_ns` as a part of what all calls and traces have together, from 0 to 1. */
  readonly share: number;
}

/** What happened in a window of time. */
export interface Window {
  /** When it begins, since the run's start. */
  readonly begin_ns: number;
  /** When it ends, exclusive. */
  readonly end_ns: number;
  /** How long it is. */
  readonly duration_ns: number;
  /** How many calls were open in it. */
  readonly calls: number;
  /** How many traces were under way in it. */
  readonly traces: number;
  /** How many exceptions left a call in it. */
  readonly errors: number;
  /** How long threads were tracing in it, added up over the threads. */
  readonly tracing_ns: number;
  /** How long the main thread of the process that stands for the run was in no recorded call and no trace. */
  readonly gaps_ns: number | null;
  /** The same as a part of the window, from 0 to 1; null where that process has no main thread. */
  readonly gaps_share: number | null;
  /** By mode, those that have calls. */
  readonly modes: readonly ModeInWindow[];
  /** By definition and mode, those with the most time of their own first. */
  readonly definitions: readonly DefinitionInWindow[];
  /** How many rows more there are. */
  readonly more: number;
}

/** A node of the tree. */
export interface Node {
  /** Its place in the list; a parent comes before its children. */
  readonly node: number;
  /** Its parent's place; null for a thread. */
  readonly parent: number | null;
  /** What it is: a thread, calls, traces of what these called, a definition or an op that samples found. */
  readonly kind: "thread" | "call" | "trace" | "sampled" | "op";
  /** What it is called. */
  readonly name: string;
  /** The definition of calls; null of anything else. */
  readonly definition_id: number | null;
  /** Which part of the budget its own time is; null of a thread. */
  readonly part: BudgetPart | null;
  /** How many calls it is; 0 of anything else. */
  readonly calls: number;
  /** How long it was, with its children. */
  readonly total_ns: number;
  /** Without them. */
  readonly self_ns: number;
  /** `total_ns` as a part of the window, from 0 to 1. */
  readonly share: number;
  /** How that is known. */
  readonly how: "measured" | "sampled";
}

/** A row of the table bottom up: what has one name and is one part of the budget, wherever it was called from. */
export interface OwnTime {
  /** What it is called. */
  readonly name: string;
  /** What it is. */
  readonly kind: "thread" | "call" | "trace" | "sampled" | "op";
  /** Which part of the budget its time is. */
  readonly part: BudgetPart | null;
  /** How long it was, without what it called. */
  readonly self_ns: number;
  /** The same as a part of what all rows have together, from 0 to 1. */
  readonly share: number;
  /** How that is known. */
  readonly how: "measured" | "sampled";
}

/** Where the time of a window went. */
export interface Flame {
  /** When it begins, since the run's start. */
  readonly begin_ns: number;
  /** When it ends. */
  readonly end_ns: number;
  /** The tree, parents before their children, of siblings those with the most time first. */
  readonly nodes: readonly Node[];
  /** How many nodes with little time are not told of. */
  readonly left_out: number;
  /** The same by own time, the longest first. */
  readonly bottom_up: readonly OwnTime[];
}

/** What a search found. */
export interface Found {
  /** How many functions match. */
  readonly functions: number;
  /** How many calls these have. */
  readonly calls: number;
  /** Which of these in order of time `call` is, from 1; 0 if there is none. */
  readonly number: number;
  /** The call that was asked for; null if there is none. */
  readonly call: CallReference | null;
  /** When it began, since the run's start; null likewise. */
  readonly start_ns: number | null;
}

/** One side: a run, or several that were recorded alike. */
export interface ComparedSide {
  /** What it is called. */
  readonly label: string;
  /** The names of its runs. */
  readonly runs: readonly string[];
  /** When the first of them began; null if that is lost. */
  readonly start_unix_ns: number | null;
  /** Its wall time. */
  readonly wall_ns: number;
  /** Recorded calls. */
  readonly calls: number;
  /** Traces, in words where runs differ. */
  readonly traces: string;
}

/** Something that was not the same before either program ran, so that other differences may come of it. */
export interface SettingChange {
  /** What kind of thing. */
  readonly kind: SettingKind;
  /** Its name. */
  readonly what: string;
  /** How it is in a. */
  readonly a: string;
  /** How it is in b. */
  readonly b: string;
}

/** A part of the wall time, or of a definition's. All parts' changes sum to the change of the whole. */
export interface PartChange {
  /** Which part. */
  readonly part: BudgetPart;
  /** The same in few words, as the first lines of a report have it. */
  readonly name: string;
  /** How long in a. */
  readonly a_ns: number;
  /** How long in b. */
  readonly b_ns: number;
  /** `b_ns - a_ns`. */
  readonly delta_ns: number;
  /** `a_ns` as a part of the longer of both wall times, from 0 to 1. */
  readonly a_share: number;
  /** `b_ns` likewise. */
  readonly b_share: number;
  /** Whether samples told it in either. */
  readonly sampled: boolean;
  /** The change in words, with its sign. */
  readonly delta_text: string;
}

/** What a call of a definition takes in one mode, without those that traced, compiled or raised. */
export interface TimeChange {
  /** The mode. */
  readonly mode: Mode;
  /** The calls that this rests on in a, of all its runs. */
  readonly a_calls: number;
  /** Those in b. */
  readonly b_calls: number;
  /** What one takes in a; null without any. */
  readonly a_ns: number | null;
  /** What one takes in b. */
  readonly b_ns: number | null;
  /** b's time by a's; null where they are not comparable. */
  readonly ratio: number | null;
  /** The lower end of the ratio's interval; null likewise. */
  readonly low: number | null;
  /** The upper end. */
  readonly high: number | null;
  /** Whether that is more than noise. */
  readonly verdict: ChangeVerdict;
  /** Whether none of these calls in b has a signature of one in a, so that they need not do the same work. */
  readonly other_signatures: boolean;
  /** The ratio and its interval as changes in percent. */
  readonly ratio_text: string;
  /** The verdict in words, with what limits it. */
  readonly verdict_text: string;
}

/** One definition in both runs, or in one. */
export interface DefinitionChange {
  /** Its name. */
  readonly name: string;
  /** Its file, relative to the program. */
  readonly file: string;
  /** The line it begins at in a; null where a does not have it. */
  readonly a_line: number | null;
  /** The line in b. */
  readonly b_line: number | null;
  /** Whether its source is the same. */
  readonly code: CodeState;
  /** Its calls in a; null where a does not have it. */
  readonly a_calls: number | null;
  /** Those in b. */
  readonly b_calls: number | null;
  /** Its traces and those of other functions in its calls, in words; null likewise. */
  readonly a_traces: string | null;
  /** Those in b. */
  readonly b_traces: string | null;
  /** How many fewer traces b has; negative if it has more; null where one does not have it. */
  readonly fewer_traces: number | null;
  /** How long it was open in a; 0 where a does not have it. */
  readonly a_ns: number;
  /** How long in b. */
  readonly b_ns: number;
  /** `b_ns - a_ns`. */
  readonly delta_ns: number;
  /** That in words, with its sign. */
  readonly delta_text: string;
  /** What these times were; their changes sum to `delta_ns`. */
  readonly parts: readonly PartChange[];
  /** The same in one line, what changed most first. */
  readonly parts_text: string;
  /** What a call takes, by mode. */
  readonly times: readonly TimeChange[];
}

/** The most memory that something had. */
export interface MemoryChange {
  /** The process, or a device. */
  readonly what: string;
  /** In a; of several runs the most. null if that was not recorded. */
  readonly a_bytes: number | null;
  /** In b. */
  readonly b_bytes: number | null;
  /** `b_bytes - a_bytes`; null if one is not known. */
  readonly delta_bytes: number | null;
  /** That in words, with its sign. */
  readonly delta_text: string;
}

/** A finding in both runs, or in one. */
export interface FindingChange {
  /** What it is. */
  readonly id: FindingId;
  /** Whether it is gone in b, new there, changed in how much it matters, or the same. */
  readonly state: FindingState;
  /** Its line, of b where it is there. */
  readonly title: string;
  /** The user's line to look at; null if none is known. */
  readonly place: string | null;
  /** How much it matters in a; null where a does not have it. */
  readonly a_severity: Severity | null;
  /** And in b. */
  readonly b_severity: Severity | null;
  /** The wall time that it costs in a; 0 where a does not have it. */
  readonly a_lost_ns: number;
  /** And in b. */
  readonly b_lost_ns: number;
  /** What it costs in both, in words. */
  readonly cost_text: string;
  /** In how many runs it is, where sides are several and it is not in all of one; else empty. */
  readonly runs_text: string;
}

/** Two runs, or several runs on either side, beside each other. */
export interface RunComparisonInfo {
  /** What is compared with. */
  readonly a: ComparedSide;
  /** What is compared. */
  readonly b: ComparedSide;
  /** What there is to know, in sentences. */
  readonly summary: readonly string[];
  /** What differs between the runs themselves; none if nothing that is recorded does. */
  readonly settings: readonly SettingChange[];
  /** How much longer b's wall time is. */
  readonly delta_ns: number;
  /** That in words, with its sign. */
  readonly delta_text: string;
  /** What the wall times were; their changes sum to `delta_ns`. */
  readonly budget: readonly PartChange[];
  /** The definitions, those first whose time changed most. */
  readonly rows: readonly DefinitionChange[];
  /** What memory was had; none where nothing tells. */
  readonly memory: readonly MemoryChange[];
  /** The findings: new, gone, changed, the same; of each kind the costliest first. */
  readonly findings: readonly FindingChange[];
  /** What limits the answer, in sentences. */
  readonly notes: readonly string[];
}
