from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Chunk(_message.Message):
    __slots__ = ("schema_major", "schema_minor", "sequence", "session_start", "threads", "functions", "signatures", "traces", "errors", "calls", "session_end", "dropped_calls", "internal_faults", "devices", "memory", "host_memory", "graphs", "placements", "logical_devices", "call_devices", "sampled_definitions", "sampled_places", "samples", "state_changes", "called_bodies", "counted_calls", "keras_calls", "comparisons", "left_alone", "clock")
    SCHEMA_MAJOR_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_MINOR_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SESSION_START_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    TRACES_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    SESSION_END_FIELD_NUMBER: _ClassVar[int]
    DROPPED_CALLS_FIELD_NUMBER: _ClassVar[int]
    INTERNAL_FAULTS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    HOST_MEMORY_FIELD_NUMBER: _ClassVar[int]
    GRAPHS_FIELD_NUMBER: _ClassVar[int]
    PLACEMENTS_FIELD_NUMBER: _ClassVar[int]
    LOGICAL_DEVICES_FIELD_NUMBER: _ClassVar[int]
    CALL_DEVICES_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    SAMPLED_PLACES_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    STATE_CHANGES_FIELD_NUMBER: _ClassVar[int]
    CALLED_BODIES_FIELD_NUMBER: _ClassVar[int]
    COUNTED_CALLS_FIELD_NUMBER: _ClassVar[int]
    KERAS_CALLS_FIELD_NUMBER: _ClassVar[int]
    COMPARISONS_FIELD_NUMBER: _ClassVar[int]
    LEFT_ALONE_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    schema_major: int
    schema_minor: int
    sequence: int
    session_start: SessionStart
    threads: _containers.RepeatedCompositeFieldContainer[Thread]
    functions: _containers.RepeatedCompositeFieldContainer[Function]
    signatures: _containers.RepeatedCompositeFieldContainer[Signature]
    traces: _containers.RepeatedCompositeFieldContainer[Trace]
    errors: _containers.RepeatedCompositeFieldContainer[Error]
    calls: _containers.RepeatedCompositeFieldContainer[CallBatch]
    session_end: SessionEnd
    dropped_calls: int
    internal_faults: int
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    memory: _containers.RepeatedCompositeFieldContainer[MemoryBatch]
    host_memory: HostMemory
    graphs: _containers.RepeatedCompositeFieldContainer[Graph]
    placements: _containers.RepeatedCompositeFieldContainer[Placement]
    logical_devices: _containers.RepeatedScalarFieldContainer[str]
    call_devices: _containers.RepeatedCompositeFieldContainer[CallDevices]
    sampled_definitions: _containers.RepeatedCompositeFieldContainer[SampledDefinition]
    sampled_places: _containers.RepeatedCompositeFieldContainer[SampledPlace]
    samples: _containers.RepeatedCompositeFieldContainer[SampleBatch]
    state_changes: _containers.RepeatedCompositeFieldContainer[StateChange]
    called_bodies: _containers.RepeatedCompositeFieldContainer[CalledBody]
    counted_calls: _containers.RepeatedCompositeFieldContainer[CountedCalls]
    keras_calls: _containers.RepeatedCompositeFieldContainer[KerasCall]
    comparisons: _containers.RepeatedCompositeFieldContainer[Comparison]
    left_alone: _containers.RepeatedCompositeFieldContainer[LeftAlone]
    clock: ClockReading
    def __init__(self, schema_major: _Optional[int] = ..., schema_minor: _Optional[int] = ..., sequence: _Optional[int] = ..., session_start: _Optional[_Union[SessionStart, _Mapping]] = ..., threads: _Optional[_Iterable[_Union[Thread, _Mapping]]] = ..., functions: _Optional[_Iterable[_Union[Function, _Mapping]]] = ..., signatures: _Optional[_Iterable[_Union[Signature, _Mapping]]] = ..., traces: _Optional[_Iterable[_Union[Trace, _Mapping]]] = ..., errors: _Optional[_Iterable[_Union[Error, _Mapping]]] = ..., calls: _Optional[_Iterable[_Union[CallBatch, _Mapping]]] = ..., session_end: _Optional[_Union[SessionEnd, _Mapping]] = ..., dropped_calls: _Optional[int] = ..., internal_faults: _Optional[int] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., memory: _Optional[_Iterable[_Union[MemoryBatch, _Mapping]]] = ..., host_memory: _Optional[_Union[HostMemory, _Mapping]] = ..., graphs: _Optional[_Iterable[_Union[Graph, _Mapping]]] = ..., placements: _Optional[_Iterable[_Union[Placement, _Mapping]]] = ..., logical_devices: _Optional[_Iterable[str]] = ..., call_devices: _Optional[_Iterable[_Union[CallDevices, _Mapping]]] = ..., sampled_definitions: _Optional[_Iterable[_Union[SampledDefinition, _Mapping]]] = ..., sampled_places: _Optional[_Iterable[_Union[SampledPlace, _Mapping]]] = ..., samples: _Optional[_Iterable[_Union[SampleBatch, _Mapping]]] = ..., state_changes: _Optional[_Iterable[_Union[StateChange, _Mapping]]] = ..., called_bodies: _Optional[_Iterable[_Union[CalledBody, _Mapping]]] = ..., counted_calls: _Optional[_Iterable[_Union[CountedCalls, _Mapping]]] = ..., keras_calls: _Optional[_Iterable[_Union[KerasCall, _Mapping]]] = ..., comparisons: _Optional[_Iterable[_Union[Comparison, _Mapping]]] = ..., left_alone: _Optional[_Iterable[_Union[LeftAlone, _Mapping]]] = ..., clock: _Optional[_Union[ClockReading, _Mapping]] = ...) -> None: ...

class ClockReading(_message.Message):
    __slots__ = ("time_ns", "unix_ns")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    unix_ns: int
    def __init__(self, time_ns: _Optional[int] = ..., unix_ns: _Optional[int] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("device_id", "name")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    device_id: int
    name: str
    def __init__(self, device_id: _Optional[int] = ..., name: _Optional[str] = ...) -> None: ...

class HostMemory(_message.Message):
    __slots__ = ("time_ns", "resident_bytes")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    resident_bytes: int
    def __init__(self, time_ns: _Optional[int] = ..., resident_bytes: _Optional[int] = ...) -> None: ...

class SessionStart(_message.Message):
    __slots__ = ("session_id", "host", "pid", "worker", "start_unix_ns", "versions", "options", "process_space", "flush_ns", "command", "working_directory", "task", "attempt_number")
    class VersionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_NS_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    PROCESS_SPACE_FIELD_NUMBER: _ClassVar[int]
    FLUSH_NS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    WORKING_DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    host: str
    pid: int
    worker: str
    start_unix_ns: int
    versions: _containers.ScalarMap[str, str]
    options: _containers.ScalarMap[str, str]
    process_space: str
    flush_ns: int
    command: _containers.RepeatedScalarFieldContainer[str]
    working_directory: str
    task: ClusterTask
    attempt_number: int
    def __init__(self, session_id: _Optional[str] = ..., host: _Optional[str] = ..., pid: _Optional[int] = ..., worker: _Optional[str] = ..., start_unix_ns: _Optional[int] = ..., versions: _Optional[_Mapping[str, str]] = ..., options: _Optional[_Mapping[str, str]] = ..., process_space: _Optional[str] = ..., flush_ns: _Optional[int] = ..., command: _Optional[_Iterable[str]] = ..., working_directory: _Optional[str] = ..., task: _Optional[_Union[ClusterTask, _Mapping]] = ..., attempt_number: _Optional[int] = ...) -> None: ...

class ClusterTask(_message.Message):
    __slots__ = ("type", "index", "workers")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    type: str
    index: int
    workers: int
    def __init__(self, type: _Optional[str] = ..., index: _Optional[int] = ..., workers: _Optional[int] = ...) -> None: ...

class SessionEnd(_message.Message):
    __slots__ = ("end_ns", "calls", "children_cpu_ns")
    END_NS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_CPU_NS_FIELD_NUMBER: _ClassVar[int]
    end_ns: int
    calls: int
    children_cpu_ns: int
    def __init__(self, end_ns: _Optional[int] = ..., calls: _Optional[int] = ..., children_cpu_ns: _Optional[int] = ...) -> None: ...

class Thread(_message.Message):
    __slots__ = ("thread_id", "name", "native_id")
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    NATIVE_ID_FIELD_NUMBER: _ClassVar[int]
    thread_id: int
    name: str
    native_id: int
    def __init__(self, thread_id: _Optional[int] = ..., name: _Optional[str] = ..., native_id: _Optional[int] = ...) -> None: ...

class Function(_message.Message):
    __slots__ = ("function_id", "name", "qualname", "module", "file", "line", "kind", "definition_id", "instance", "parameters", "tf_function", "source", "source_truncated", "made_at", "model", "steps_per_call")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUALNAME_FIELD_NUMBER: _ClassVar[int]
    MODULE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TF_FUNCTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    MADE_AT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    STEPS_PER_CALL_FIELD_NUMBER: _ClassVar[int]
    function_id: int
    name: str
    qualname: str
    module: str
    file: str
    line: int
    kind: str
    definition_id: int
    instance: int
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    tf_function: TfFunctionOptions
    source: str
    source_truncated: bool
    made_at: Frame
    model: Model
    steps_per_call: int
    def __init__(self, function_id: _Optional[int] = ..., name: _Optional[str] = ..., qualname: _Optional[str] = ..., module: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., kind: _Optional[str] = ..., definition_id: _Optional[int] = ..., instance: _Optional[int] = ..., parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., tf_function: _Optional[_Union[TfFunctionOptions, _Mapping]] = ..., source: _Optional[str] = ..., source_truncated: bool = ..., made_at: _Optional[_Union[Frame, _Mapping]] = ..., model: _Optional[_Union[Model, _Mapping]] = ..., steps_per_call: _Optional[int] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("number", "class_name", "name")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CLASS_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    number: int
    class_name: str
    name: str
    def __init__(self, number: _Optional[int] = ..., class_name: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Parameter(_message.Message):
    __slots__ = ("name", "kind", "has_default")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        POSITIONAL_OR_KEYWORD: _ClassVar[Parameter.Kind]
        POSITIONAL_ONLY: _ClassVar[Parameter.Kind]
        KEYWORD_ONLY: _ClassVar[Parameter.Kind]
        VAR_POSITIONAL: _ClassVar[Parameter.Kind]
        VAR_KEYWORD: _ClassVar[Parameter.Kind]
    POSITIONAL_OR_KEYWORD: Parameter.Kind
    POSITIONAL_ONLY: Parameter.Kind
    KEYWORD_ONLY: Parameter.Kind
    VAR_POSITIONAL: Parameter.Kind
    VAR_KEYWORD: Parameter.Kind
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HAS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: Parameter.Kind
    has_default: bool
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[Parameter.Kind, str]] = ..., has_default: bool = ...) -> None: ...

class TfFunctionOptions(_message.Message):
    __slots__ = ("jit_compile", "reduce_retracing", "autograph", "has_input_signature", "input_signature")
    JIT_COMPILE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_RETRACING_FIELD_NUMBER: _ClassVar[int]
    AUTOGRAPH_FIELD_NUMBER: _ClassVar[int]
    HAS_INPUT_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    INPUT_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    jit_compile: bool
    reduce_retracing: bool
    autograph: bool
    has_input_signature: bool
    input_signature: str
    def __init__(self, jit_compile: bool = ..., reduce_retracing: bool = ..., autograph: bool = ..., has_input_signature: bool = ..., input_signature: _Optional[str] = ...) -> None: ...

class Node(_message.Message):
    __slots__ = ("kind", "type_name", "dtype", "shape", "text", "names", "children", "token", "dead", "alias", "parts", "role")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[Node.Kind]
        TENSOR: _ClassVar[Node.Kind]
        LITERAL: _ClassVar[Node.Kind]
        NONE: _ClassVar[Node.Kind]
        LIST: _ClassVar[Node.Kind]
        TUPLE: _ClassVar[Node.Kind]
        NAMED_TUPLE: _ClassVar[Node.Kind]
        DICT: _ClassVar[Node.Kind]
        ATTRS: _ClassVar[Node.Kind]
        COMPOSITE: _ClassVar[Node.Kind]
        OBJECT: _ClassVar[Node.Kind]
        VARIABLE: _ClassVar[Node.Kind]
        ARRAY: _ClassVar[Node.Kind]
        CUSTOM: _ClassVar[Node.Kind]
        OMITTED: _ClassVar[Node.Kind]
    UNKNOWN: Node.Kind
    TENSOR: Node.Kind
    LITERAL: Node.Kind
    NONE: Node.Kind
    LIST: Node.Kind
    TUPLE: Node.Kind
    NAMED_TUPLE: Node.Kind
    DICT: Node.Kind
    ATTRS: Node.Kind
    COMPOSITE: Node.Kind
    OBJECT: Node.Kind
    VARIABLE: Node.Kind
    ARRAY: Node.Kind
    CUSTOM: Node.Kind
    OMITTED: Node.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    TYPE_NAME_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    kind: Node.Kind
    type_name: str
    dtype: str
    shape: Shape
    text: str
    names: _containers.RepeatedScalarFieldContainer[str]
    children: _containers.RepeatedCompositeFieldContainer[Node]
    token: int
    dead: bool
    alias: int
    parts: Node
    role: str
    def __init__(self, kind: _Optional[_Union[Node.Kind, str]] = ..., type_name: _Optional[str] = ..., dtype: _Optional[str] = ..., shape: _Optional[_Union[Shape, _Mapping]] = ..., text: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., children: _Optional[_Iterable[_Union[Node, _Mapping]]] = ..., token: _Optional[int] = ..., dead: bool = ..., alias: _Optional[int] = ..., parts: _Optional[_Union[Node, _Mapping]] = ..., role: _Optional[str] = ...) -> None: ...

class Shape(_message.Message):
    __slots__ = ("unknown_rank", "dims")
    UNKNOWN_RANK_FIELD_NUMBER: _ClassVar[int]
    DIMS_FIELD_NUMBER: _ClassVar[int]
    unknown_rank: bool
    dims: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, unknown_rank: bool = ..., dims: _Optional[_Iterable[int]] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("signature_id", "function_id", "arguments")
    SIGNATURE_ID_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    signature_id: int
    function_id: int
    arguments: Node
    def __init__(self, signature_id: _Optional[int] = ..., function_id: _Optional[int] = ..., arguments: _Optional[_Union[Node, _Mapping]] = ...) -> None: ...

class Trace(_message.Message):
    __slots__ = ("trace_id", "function_id", "ordinal", "call_id", "thread_id", "start_ns", "duration_ns", "signature_id", "key", "outputs", "captures", "concrete_name", "gone_objects", "graph_number", "definition_bytes", "called_at", "outside")
    class OutsideEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    DURATION_NS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    CAPTURES_FIELD_NUMBER: _ClassVar[int]
    CONCRETE_NAME_FIELD_NUMBER: _ClassVar[int]
    GONE_OBJECTS_FIELD_NUMBER: _ClassVar[int]
    GRAPH_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_BYTES_FIELD_NUMBER: _ClassVar[int]
    CALLED_AT_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    trace_id: int
    function_id: int
    ordinal: int
    call_id: int
    thread_id: int
    start_ns: int
    duration_ns: int
    signature_id: int
    key: CacheKey
    outputs: Node
    captures: _containers.RepeatedScalarFieldContainer[str]
    concrete_name: str
    gone_objects: _containers.RepeatedScalarFieldContainer[int]
    graph_number: int
    definition_bytes: int
    called_at: Frame
    outside: _containers.ScalarMap[str, str]
    def __init__(self, trace_id: _Optional[int] = ..., function_id: _Optional[int] = ..., ordinal: _Optional[int] = ..., call_id: _Optional[int] = ..., thread_id: _Optional[int] = ..., start_ns: _Optional[int] = ..., duration_ns: _Optional[int] = ..., signature_id: _Optional[int] = ..., key: _Optional[_Union[CacheKey, _Mapping]] = ..., outputs: _Optional[_Union[Node, _Mapping]] = ..., captures: _Optional[_Iterable[str]] = ..., concrete_name: _Optional[str] = ..., gone_objects: _Optional[_Iterable[int]] = ..., graph_number: _Optional[int] = ..., definition_bytes: _Optional[int] = ..., called_at: _Optional[_Union[Frame, _Mapping]] = ..., outside: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Graph(_message.Message):
    __slots__ = ("graph_id", "ops", "own_ops", "functions", "op_types", "files", "source_lines", "constants", "constant_bytes", "large_constants", "resource_captures", "tensor_captures", "tensor_capture_bytes", "control_flow", "input_casts", "idle_arguments", "always_the_same")
    GRAPH_ID_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    OWN_OPS_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    OP_TYPES_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LINES_FIELD_NUMBER: _ClassVar[int]
    CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    CONSTANT_BYTES_FIELD_NUMBER: _ClassVar[int]
    LARGE_CONSTANTS_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_CAPTURES_FIELD_NUMBER: _ClassVar[int]
    TENSOR_CAPTURES_FIELD_NUMBER: _ClassVar[int]
    TENSOR_CAPTURE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FLOW_FIELD_NUMBER: _ClassVar[int]
    INPUT_CASTS_FIELD_NUMBER: _ClassVar[int]
    IDLE_ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    ALWAYS_THE_SAME_FIELD_NUMBER: _ClassVar[int]
    graph_id: int
    ops: int
    own_ops: int
    functions: int
    op_types: _containers.RepeatedCompositeFieldContainer[OpCount]
    files: _containers.RepeatedScalarFieldContainer[str]
    source_lines: _containers.RepeatedCompositeFieldContainer[SourceLine]
    constants: int
    constant_bytes: int
    large_constants: _containers.RepeatedCompositeFieldContainer[Constant]
    resource_captures: int
    tensor_captures: int
    tensor_capture_bytes: int
    control_flow: _containers.RepeatedCompositeFieldContainer[ControlFlow]
    input_casts: _containers.RepeatedCompositeFieldContainer[InputCast]
    idle_arguments: _containers.RepeatedCompositeFieldContainer[IdleArgument]
    always_the_same: bool
    def __init__(self, graph_id: _Optional[int] = ..., ops: _Optional[int] = ..., own_ops: _Optional[int] = ..., functions: _Optional[int] = ..., op_types: _Optional[_Iterable[_Union[OpCount, _Mapping]]] = ..., files: _Optional[_Iterable[str]] = ..., source_lines: _Optional[_Iterable[_Union[SourceLine, _Mapping]]] = ..., constants: _Optional[int] = ..., constant_bytes: _Optional[int] = ..., large_constants: _Optional[_Iterable[_Union[Constant, _Mapping]]] = ..., resource_captures: _Optional[int] = ..., tensor_captures: _Optional[int] = ..., tensor_capture_bytes: _Optional[int] = ..., control_flow: _Optional[_Iterable[_Union[ControlFlow, _Mapping]]] = ..., input_casts: _Optional[_Iterable[_Union[InputCast, _Mapping]]] = ..., idle_arguments: _Optional[_Iterable[_Union[IdleArgument, _Mapping]]] = ..., always_the_same: bool = ...) -> None: ...

class IdleArgument(_message.Message):
    __slots__ = ("name", "computed_with")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_WITH_FIELD_NUMBER: _ClassVar[int]
    name: str
    computed_with: bool
    def __init__(self, name: _Optional[str] = ..., computed_with: bool = ...) -> None: ...

class OpCount(_message.Message):
    __slots__ = ("type", "ops")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    type: str
    ops: int
    def __init__(self, type: _Optional[str] = ..., ops: _Optional[int] = ...) -> None: ...

class SourceLine(_message.Message):
    __slots__ = ("file", "line", "own_line", "ops", "op_types", "repeats", "in_loop", "code", "idle_ops")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    OWN_LINE_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    OP_TYPES_FIELD_NUMBER: _ClassVar[int]
    REPEATS_FIELD_NUMBER: _ClassVar[int]
    IN_LOOP_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    IDLE_OPS_FIELD_NUMBER: _ClassVar[int]
    file: int
    line: int
    own_line: int
    ops: int
    op_types: _containers.RepeatedCompositeFieldContainer[OpCount]
    repeats: int
    in_loop: bool
    code: str
    idle_ops: int
    def __init__(self, file: _Optional[int] = ..., line: _Optional[int] = ..., own_line: _Optional[int] = ..., ops: _Optional[int] = ..., op_types: _Optional[_Iterable[_Union[OpCount, _Mapping]]] = ..., repeats: _Optional[int] = ..., in_loop: bool = ..., code: _Optional[str] = ..., idle_ops: _Optional[int] = ...) -> None: ...

class Constant(_message.Message):
    __slots__ = ("op", "dtype", "shape", "bytes", "file", "line")
    OP_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    op: str
    dtype: str
    shape: Shape
    bytes: int
    file: int
    line: int
    def __init__(self, op: _Optional[str] = ..., dtype: _Optional[str] = ..., shape: _Optional[_Union[Shape, _Mapping]] = ..., bytes: _Optional[int] = ..., file: _Optional[int] = ..., line: _Optional[int] = ...) -> None: ...

class ControlFlow(_message.Message):
    __slots__ = ("type", "file", "line", "own_line", "body_types", "body_elements", "turns")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    OWN_LINE_FIELD_NUMBER: _ClassVar[int]
    BODY_TYPES_FIELD_NUMBER: _ClassVar[int]
    BODY_ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    TURNS_FIELD_NUMBER: _ClassVar[int]
    type: str
    file: int
    line: int
    own_line: int
    body_types: _containers.RepeatedCompositeFieldContainer[OpCount]
    body_elements: int
    turns: int
    def __init__(self, type: _Optional[str] = ..., file: _Optional[int] = ..., line: _Optional[int] = ..., own_line: _Optional[int] = ..., body_types: _Optional[_Iterable[_Union[OpCount, _Mapping]]] = ..., body_elements: _Optional[int] = ..., turns: _Optional[int] = ...) -> None: ...

class InputCast(_message.Message):
    __slots__ = ("input", "from_dtype", "to_dtype", "file", "line")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    FROM_DTYPE_FIELD_NUMBER: _ClassVar[int]
    TO_DTYPE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    input: str
    from_dtype: str
    to_dtype: str
    file: int
    line: int
    def __init__(self, input: _Optional[str] = ..., from_dtype: _Optional[str] = ..., to_dtype: _Optional[str] = ..., file: _Optional[int] = ..., line: _Optional[int] = ...) -> None: ...

class Placement(_message.Message):
    __slots__ = ("trace_id", "devices", "transfers", "transfer_count", "not_honoured", "not_honoured_count", "compiled")
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_COUNT_FIELD_NUMBER: _ClassVar[int]
    NOT_HONOURED_FIELD_NUMBER: _ClassVar[int]
    NOT_HONOURED_COUNT_FIELD_NUMBER: _ClassVar[int]
    COMPILED_FIELD_NUMBER: _ClassVar[int]
    trace_id: int
    devices: _containers.RepeatedCompositeFieldContainer[DeviceOps]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    transfer_count: int
    not_honoured: _containers.RepeatedCompositeFieldContainer[NotHonoured]
    not_honoured_count: int
    compiled: bool
    def __init__(self, trace_id: _Optional[int] = ..., devices: _Optional[_Iterable[_Union[DeviceOps, _Mapping]]] = ..., transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., transfer_count: _Optional[int] = ..., not_honoured: _Optional[_Iterable[_Union[NotHonoured, _Mapping]]] = ..., not_honoured_count: _Optional[int] = ..., compiled: bool = ...) -> None: ...

class DeviceOps(_message.Message):
    __slots__ = ("device", "ops")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    OPS_FIELD_NUMBER: _ClassVar[int]
    device: str
    ops: int
    def __init__(self, device: _Optional[str] = ..., ops: _Optional[int] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("op", "dtype", "shape", "bytes", "from_device", "to_device", "file", "line", "control")
    OP_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    FROM_DEVICE_FIELD_NUMBER: _ClassVar[int]
    TO_DEVICE_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    op: str
    dtype: str
    shape: Shape
    bytes: int
    from_device: str
    to_device: str
    file: str
    line: int
    control: bool
    def __init__(self, op: _Optional[str] = ..., dtype: _Optional[str] = ..., shape: _Optional[_Union[Shape, _Mapping]] = ..., bytes: _Optional[int] = ..., from_device: _Optional[str] = ..., to_device: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., control: bool = ...) -> None: ...

class CallDevices(_message.Message):
    __slots__ = ("function_id", "mode", "inputs", "outputs", "calls", "bytes_elsewhere")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    BYTES_ELSEWHERE_FIELD_NUMBER: _ClassVar[int]
    function_id: int
    mode: int
    inputs: _containers.RepeatedScalarFieldContainer[str]
    outputs: _containers.RepeatedScalarFieldContainer[str]
    calls: int
    bytes_elsewhere: int
    def __init__(self, function_id: _Optional[int] = ..., mode: _Optional[int] = ..., inputs: _Optional[_Iterable[str]] = ..., outputs: _Optional[_Iterable[str]] = ..., calls: _Optional[int] = ..., bytes_elsewhere: _Optional[int] = ...) -> None: ...

class CountedCalls(_message.Message):
    __slots__ = ("function_id", "mode", "thread_id", "calls", "duration_ns", "outermost_ns")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    DURATION_NS_FIELD_NUMBER: _ClassVar[int]
    OUTERMOST_NS_FIELD_NUMBER: _ClassVar[int]
    function_id: int
    mode: int
    thread_id: int
    calls: int
    duration_ns: int
    outermost_ns: int
    def __init__(self, function_id: _Optional[int] = ..., mode: _Optional[int] = ..., thread_id: _Optional[int] = ..., calls: _Optional[int] = ..., duration_ns: _Optional[int] = ..., outermost_ns: _Optional[int] = ...) -> None: ...

class NotHonoured(_message.Message):
    __slots__ = ("op", "type", "requested", "actual", "file", "line", "no_such_device")
    OP_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    NO_SUCH_DEVICE_FIELD_NUMBER: _ClassVar[int]
    op: str
    type: str
    requested: str
    actual: str
    file: str
    line: int
    no_such_device: bool
    def __init__(self, op: _Optional[str] = ..., type: _Optional[str] = ..., requested: _Optional[str] = ..., actual: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., no_such_device: bool = ...) -> None: ...

class StateChange(_message.Message):
    __slots__ = ("function_id", "text", "reader", "file", "line", "code", "always", "before", "after", "time_ns", "source", "source_line")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    READER_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ALWAYS_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LINE_FIELD_NUMBER: _ClassVar[int]
    function_id: int
    text: str
    reader: str
    file: str
    line: int
    code: str
    always: bool
    before: str
    after: str
    time_ns: int
    source: str
    source_line: int
    def __init__(self, function_id: _Optional[int] = ..., text: _Optional[str] = ..., reader: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., code: _Optional[str] = ..., always: bool = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., time_ns: _Optional[int] = ..., source: _Optional[str] = ..., source_line: _Optional[int] = ...) -> None: ...

class CalledBody(_message.Message):
    __slots__ = ("caller_file", "caller_line", "called_as", "qualname", "file", "line", "parameters", "source", "source_truncated", "function_id", "always")
    CALLER_FILE_FIELD_NUMBER: _ClassVar[int]
    CALLER_LINE_FIELD_NUMBER: _ClassVar[int]
    CALLED_AS_FIELD_NUMBER: _ClassVar[int]
    QUALNAME_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    ALWAYS_FIELD_NUMBER: _ClassVar[int]
    caller_file: str
    caller_line: int
    called_as: str
    qualname: str
    file: str
    line: int
    parameters: _containers.RepeatedScalarFieldContainer[str]
    source: str
    source_truncated: bool
    function_id: int
    always: bool
    def __init__(self, caller_file: _Optional[str] = ..., caller_line: _Optional[int] = ..., called_as: _Optional[str] = ..., qualname: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., parameters: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., source_truncated: bool = ..., function_id: _Optional[int] = ..., always: bool = ...) -> None: ...

class Comparison(_message.Message):
    __slots__ = ("function", "arguments", "time_ns", "duration_ns", "modes", "control_ns", "variables", "other_resources", "draws_random_numbers", "coarsest_float", "largest_elements")
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    DURATION_NS_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    CONTROL_NS_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    OTHER_RESOURCES_FIELD_NUMBER: _ClassVar[int]
    DRAWS_RANDOM_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    COARSEST_FLOAT_FIELD_NUMBER: _ClassVar[int]
    LARGEST_ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    function: Function
    arguments: Node
    time_ns: int
    duration_ns: int
    modes: _containers.RepeatedCompositeFieldContainer[ComparedMode]
    control_ns: _containers.RepeatedScalarFieldContainer[int]
    variables: int
    other_resources: int
    draws_random_numbers: bool
    coarsest_float: str
    largest_elements: int
    def __init__(self, function: _Optional[_Union[Function, _Mapping]] = ..., arguments: _Optional[_Union[Node, _Mapping]] = ..., time_ns: _Optional[int] = ..., duration_ns: _Optional[int] = ..., modes: _Optional[_Iterable[_Union[ComparedMode, _Mapping]]] = ..., control_ns: _Optional[_Iterable[int]] = ..., variables: _Optional[int] = ..., other_resources: _Optional[int] = ..., draws_random_numbers: bool = ..., coarsest_float: _Optional[str] = ..., largest_elements: _Optional[int] = ...) -> None: ...

class ComparedMode(_message.Message):
    __slots__ = ("mode", "error", "calls_per_block", "warm_up_ns", "block_ns", "tracing_ns", "first_call_ns", "peak_bytes", "dispatched_ops", "from_reference", "from_itself", "steps")
    MODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CALLS_PER_BLOCK_FIELD_NUMBER: _ClassVar[int]
    WARM_UP_NS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NS_FIELD_NUMBER: _ClassVar[int]
    TRACING_NS_FIELD_NUMBER: _ClassVar[int]
    FIRST_CALL_NS_FIELD_NUMBER: _ClassVar[int]
    PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    DISPATCHED_OPS_FIELD_NUMBER: _ClassVar[int]
    FROM_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    FROM_ITSELF_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    mode: int
    error: Error
    calls_per_block: int
    warm_up_ns: _containers.RepeatedScalarFieldContainer[int]
    block_ns: _containers.RepeatedScalarFieldContainer[int]
    tracing_ns: _containers.RepeatedScalarFieldContainer[int]
    first_call_ns: _containers.RepeatedScalarFieldContainer[int]
    peak_bytes: int
    dispatched_ops: int
    from_reference: Difference
    from_itself: Difference
    steps: _containers.RepeatedCompositeFieldContainer[Difference]
    def __init__(self, mode: _Optional[int] = ..., error: _Optional[_Union[Error, _Mapping]] = ..., calls_per_block: _Optional[int] = ..., warm_up_ns: _Optional[_Iterable[int]] = ..., block_ns: _Optional[_Iterable[int]] = ..., tracing_ns: _Optional[_Iterable[int]] = ..., first_call_ns: _Optional[_Iterable[int]] = ..., peak_bytes: _Optional[int] = ..., dispatched_ops: _Optional[int] = ..., from_reference: _Optional[_Union[Difference, _Mapping]] = ..., from_itself: _Optional[_Union[Difference, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[Difference, _Mapping]]] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("structure", "leaves", "differing")
    STRUCTURE_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    DIFFERING_FIELD_NUMBER: _ClassVar[int]
    structure: _containers.RepeatedScalarFieldContainer[str]
    leaves: int
    differing: _containers.RepeatedCompositeFieldContainer[LeafDifference]
    def __init__(self, structure: _Optional[_Iterable[str]] = ..., leaves: _Optional[int] = ..., differing: _Optional[_Iterable[_Union[LeafDifference, _Mapping]]] = ...) -> None: ...

class LeafDifference(_message.Message):
    __slots__ = ("path", "dtype", "elements", "different", "non_finite_different", "max_ulps", "max_difference", "scale", "when_perturbed", "flips_when_perturbed", "before", "after", "index")
    PATH_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENT_FIELD_NUMBER: _ClassVar[int]
    NON_FINITE_DIFFERENT_FIELD_NUMBER: _ClassVar[int]
    MAX_ULPS_FIELD_NUMBER: _ClassVar[int]
    MAX_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    WHEN_PERTURBED_FIELD_NUMBER: _ClassVar[int]
    FLIPS_WHEN_PERTURBED_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    path: str
    dtype: str
    elements: int
    different: int
    non_finite_different: int
    max_ulps: int
    max_difference: float
    scale: float
    when_perturbed: float
    flips_when_perturbed: bool
    before: str
    after: str
    index: str
    def __init__(self, path: _Optional[str] = ..., dtype: _Optional[str] = ..., elements: _Optional[int] = ..., different: _Optional[int] = ..., non_finite_different: _Optional[int] = ..., max_ulps: _Optional[int] = ..., max_difference: _Optional[float] = ..., scale: _Optional[float] = ..., when_perturbed: _Optional[float] = ..., flips_when_perturbed: bool = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., index: _Optional[str] = ...) -> None: ...

class LeftAlone(_message.Message):
    __slots__ = ("function_id", "name", "file", "line", "cause")
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    function_id: int
    name: str
    file: str
    line: int
    cause: str
    def __init__(self, function_id: _Optional[int] = ..., name: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., cause: _Optional[str] = ...) -> None: ...

class CacheKey(_message.Message):
    __slots__ = ("arguments", "scope_type", "parent_graph", "device_functions", "colocation_stack", "in_cross_replica_context", "variable_policy", "xla_context", "from_cache")
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_TYPE_FIELD_NUMBER: _ClassVar[int]
    PARENT_GRAPH_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    COLOCATION_STACK_FIELD_NUMBER: _ClassVar[int]
    IN_CROSS_REPLICA_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    VARIABLE_POLICY_FIELD_NUMBER: _ClassVar[int]
    XLA_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    FROM_CACHE_FIELD_NUMBER: _ClassVar[int]
    arguments: Node
    scope_type: str
    parent_graph: int
    device_functions: _containers.RepeatedScalarFieldContainer[str]
    colocation_stack: _containers.RepeatedScalarFieldContainer[str]
    in_cross_replica_context: bool
    variable_policy: str
    xla_context: int
    from_cache: bool
    def __init__(self, arguments: _Optional[_Union[Node, _Mapping]] = ..., scope_type: _Optional[str] = ..., parent_graph: _Optional[int] = ..., device_functions: _Optional[_Iterable[str]] = ..., colocation_stack: _Optional[_Iterable[str]] = ..., in_cross_replica_context: bool = ..., variable_policy: _Optional[str] = ..., xla_context: _Optional[int] = ..., from_cache: bool = ...) -> None: ...

class Error(_message.Message):
    __slots__ = ("error_id", "function_id", "call_id", "thread_id", "time_ns", "mode", "type", "message", "chain", "stack", "named_places", "first_error", "ended_program")
    ERROR_ID_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    STACK_FIELD_NUMBER: _ClassVar[int]
    NAMED_PLACES_FIELD_NUMBER: _ClassVar[int]
    FIRST_ERROR_FIELD_NUMBER: _ClassVar[int]
    ENDED_PROGRAM_FIELD_NUMBER: _ClassVar[int]
    error_id: int
    function_id: int
    call_id: int
    thread_id: int
    time_ns: int
    mode: int
    type: str
    message: str
    chain: _containers.RepeatedCompositeFieldContainer[Raised]
    stack: _containers.RepeatedCompositeFieldContainer[Frame]
    named_places: _containers.RepeatedCompositeFieldContainer[Frame]
    first_error: int
    ended_program: bool
    def __init__(self, error_id: _Optional[int] = ..., function_id: _Optional[int] = ..., call_id: _Optional[int] = ..., thread_id: _Optional[int] = ..., time_ns: _Optional[int] = ..., mode: _Optional[int] = ..., type: _Optional[str] = ..., message: _Optional[str] = ..., chain: _Optional[_Iterable[_Union[Raised, _Mapping]]] = ..., stack: _Optional[_Iterable[_Union[Frame, _Mapping]]] = ..., named_places: _Optional[_Iterable[_Union[Frame, _Mapping]]] = ..., first_error: _Optional[int] = ..., ended_program: bool = ...) -> None: ...

class Raised(_message.Message):
    __slots__ = ("type", "message", "bases", "relation", "origin")
    class Relation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LEFT: _ClassVar[Raised.Relation]
        REPEATED: _ClassVar[Raised.Relation]
        CAUSE: _ClassVar[Raised.Relation]
        CONTEXT: _ClassVar[Raised.Relation]
    LEFT: Raised.Relation
    REPEATED: Raised.Relation
    CAUSE: Raised.Relation
    CONTEXT: Raised.Relation
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    BASES_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    type: str
    message: str
    bases: _containers.RepeatedScalarFieldContainer[str]
    relation: Raised.Relation
    origin: Frame
    def __init__(self, type: _Optional[str] = ..., message: _Optional[str] = ..., bases: _Optional[_Iterable[str]] = ..., relation: _Optional[_Union[Raised.Relation, str]] = ..., origin: _Optional[_Union[Frame, _Mapping]] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("file", "line", "function", "code", "owner", "folded", "variables", "source", "source_line", "modules", "tensorflow", "in_branch", "loop")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    FOLDED_FIELD_NUMBER: _ClassVar[int]
    VARIABLES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LINE_FIELD_NUMBER: _ClassVar[int]
    MODULES_FIELD_NUMBER: _ClassVar[int]
    TENSORFLOW_FIELD_NUMBER: _ClassVar[int]
    IN_BRANCH_FIELD_NUMBER: _ClassVar[int]
    LOOP_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    function: str
    code: str
    owner: str
    folded: int
    variables: _containers.RepeatedCompositeFieldContainer[Variable]
    source: str
    source_line: int
    modules: _containers.RepeatedCompositeFieldContainer[Variable]
    tensorflow: str
    in_branch: bool
    loop: str
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., function: _Optional[str] = ..., code: _Optional[str] = ..., owner: _Optional[str] = ..., folded: _Optional[int] = ..., variables: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., source: _Optional[str] = ..., source_line: _Optional[int] = ..., modules: _Optional[_Iterable[_Union[Variable, _Mapping]]] = ..., tensorflow: _Optional[str] = ..., in_branch: bool = ..., loop: _Optional[str] = ...) -> None: ...

class Variable(_message.Message):
    __slots__ = ("name", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...

class CallBatch(_message.Message):
    __slots__ = ("rows", "first_start_ns", "last_end_ns", "columns", "compression", "payload_bytes", "payload")
    class Compression(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        NONE: _ClassVar[CallBatch.Compression]
        ZSTD: _ClassVar[CallBatch.Compression]
    NONE: CallBatch.Compression
    ZSTD: CallBatch.Compression
    ROWS_FIELD_NUMBER: _ClassVar[int]
    FIRST_START_NS_FIELD_NUMBER: _ClassVar[int]
    LAST_END_NS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    rows: int
    first_start_ns: int
    last_end_ns: int
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    compression: CallBatch.Compression
    payload_bytes: int
    payload: bytes
    def __init__(self, rows: _Optional[int] = ..., first_start_ns: _Optional[int] = ..., last_end_ns: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., compression: _Optional[_Union[CallBatch.Compression, str]] = ..., payload_bytes: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class MemoryBatch(_message.Message):
    __slots__ = ("rows", "columns", "compression", "payload_bytes", "payload")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    rows: int
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    compression: CallBatch.Compression
    payload_bytes: int
    payload: bytes
    def __init__(self, rows: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., compression: _Optional[_Union[CallBatch.Compression, str]] = ..., payload_bytes: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class SampleBatch(_message.Message):
    __slots__ = ("rows", "columns", "compression", "payload_bytes", "payload")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    rows: int
    columns: _containers.RepeatedCompositeFieldContainer[Column]
    compression: CallBatch.Compression
    payload_bytes: int
    payload: bytes
    def __init__(self, rows: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., compression: _Optional[_Union[CallBatch.Compression, str]] = ..., payload_bytes: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class SampledDefinition(_message.Message):
    __slots__ = ("definition_id", "qualname", "file", "line", "source", "source_truncated")
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    QUALNAME_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    definition_id: int
    qualname: str
    file: str
    line: int
    source: str
    source_truncated: bool
    def __init__(self, definition_id: _Optional[int] = ..., qualname: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., source: _Optional[str] = ..., source_truncated: bool = ...) -> None: ...

class SampledPlace(_message.Message):
    __slots__ = ("place_id", "definition_number", "line", "op", "state", "in_keras_loop", "caller_number", "caller_line", "outer_number", "outer_line")
    PLACE_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_NUMBER_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    IN_KERAS_LOOP_FIELD_NUMBER: _ClassVar[int]
    CALLER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CALLER_LINE_FIELD_NUMBER: _ClassVar[int]
    OUTER_NUMBER_FIELD_NUMBER: _ClassVar[int]
    OUTER_LINE_FIELD_NUMBER: _ClassVar[int]
    place_id: int
    definition_number: int
    line: int
    op: str
    state: str
    in_keras_loop: bool
    caller_number: int
    caller_line: int
    outer_number: int
    outer_line: int
    def __init__(self, place_id: _Optional[int] = ..., definition_number: _Optional[int] = ..., line: _Optional[int] = ..., op: _Optional[str] = ..., state: _Optional[str] = ..., in_keras_loop: bool = ..., caller_number: _Optional[int] = ..., caller_line: _Optional[int] = ..., outer_number: _Optional[int] = ..., outer_line: _Optional[int] = ...) -> None: ...

class Column(_message.Message):
    __slots__ = ("id", "encoding", "width", "base", "first")
    class Id(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[Column.Id]
        START_NS: _ClassVar[Column.Id]
        DURATION_NS: _ClassVar[Column.Id]
        CALL_ID: _ClassVar[Column.Id]
        PARENT_ID: _ClassVar[Column.Id]
        FUNCTION_ID: _ClassVar[Column.Id]
        SIGNATURE_ID: _ClassVar[Column.Id]
        TRACE_ID: _ClassVar[Column.Id]
        MODE: _ClassVar[Column.Id]
        FLAGS: _ClassVar[Column.Id]
        THREAD_ID: _ClassVar[Column.Id]
        DEPTH: _ClassVar[Column.Id]
        DEVICE_ID: _ClassVar[Column.Id]
        BEFORE_BYTES: _ClassVar[Column.Id]
        AFTER_BYTES: _ClassVar[Column.Id]
        PEAK_BYTES: _ClassVar[Column.Id]
        SHARED: _ClassVar[Column.Id]
        PLACE_ID: _ClassVar[Column.Id]
    UNSPECIFIED: Column.Id
    START_NS: Column.Id
    DURATION_NS: Column.Id
    CALL_ID: Column.Id
    PARENT_ID: Column.Id
    FUNCTION_ID: Column.Id
    SIGNATURE_ID: Column.Id
    TRACE_ID: Column.Id
    MODE: Column.Id
    FLAGS: Column.Id
    THREAD_ID: Column.Id
    DEPTH: Column.Id
    DEVICE_ID: Column.Id
    BEFORE_BYTES: Column.Id
    AFTER_BYTES: Column.Id
    PEAK_BYTES: Column.Id
    SHARED: Column.Id
    PLACE_ID: Column.Id
    class Encoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CONSTANT: _ClassVar[Column.Encoding]
        OFFSET: _ClassVar[Column.Encoding]
        DELTA: _ClassVar[Column.Encoding]
    CONSTANT: Column.Encoding
    OFFSET: Column.Encoding
    DELTA: Column.Encoding
    ID_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    id: Column.Id
    encoding: Column.Encoding
    width: int
    base: int
    first: int
    def __init__(self, id: _Optional[_Union[Column.Id, str]] = ..., encoding: _Optional[_Union[Column.Encoding, str]] = ..., width: _Optional[int] = ..., base: _Optional[int] = ..., first: _Optional[int] = ...) -> None: ...

class KerasCall(_message.Message):
    __slots__ = ("keras_call_id", "entry", "model", "thread_id", "start_ns", "duration_ns", "ended", "within_number", "within_callback", "phases", "loop_ns", "elements", "gaps", "gaps_ns", "first_gap_ns", "waits", "waited_ns", "stages", "ends", "ends_ns")
    KERAS_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    DURATION_NS_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    WITHIN_NUMBER_FIELD_NUMBER: _ClassVar[int]
    WITHIN_CALLBACK_FIELD_NUMBER: _ClassVar[int]
    PHASES_FIELD_NUMBER: _ClassVar[int]
    LOOP_NS_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    GAPS_FIELD_NUMBER: _ClassVar[int]
    GAPS_NS_FIELD_NUMBER: _ClassVar[int]
    FIRST_GAP_NS_FIELD_NUMBER: _ClassVar[int]
    WAITS_FIELD_NUMBER: _ClassVar[int]
    WAITED_NS_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    ENDS_FIELD_NUMBER: _ClassVar[int]
    ENDS_NS_FIELD_NUMBER: _ClassVar[int]
    keras_call_id: int
    entry: str
    model: str
    thread_id: int
    start_ns: int
    duration_ns: int
    ended: bool
    within_number: int
    within_callback: bool
    phases: _containers.RepeatedCompositeFieldContainer[KerasPhase]
    loop_ns: int
    elements: int
    gaps: int
    gaps_ns: int
    first_gap_ns: int
    waits: int
    waited_ns: int
    stages: _containers.RepeatedCompositeFieldContainer[InputStage]
    ends: int
    ends_ns: int
    def __init__(self, keras_call_id: _Optional[int] = ..., entry: _Optional[str] = ..., model: _Optional[str] = ..., thread_id: _Optional[int] = ..., start_ns: _Optional[int] = ..., duration_ns: _Optional[int] = ..., ended: bool = ..., within_number: _Optional[int] = ..., within_callback: bool = ..., phases: _Optional[_Iterable[_Union[KerasPhase, _Mapping]]] = ..., loop_ns: _Optional[int] = ..., elements: _Optional[int] = ..., gaps: _Optional[int] = ..., gaps_ns: _Optional[int] = ..., first_gap_ns: _Optional[int] = ..., waits: _Optional[int] = ..., waited_ns: _Optional[int] = ..., stages: _Optional[_Iterable[_Union[InputStage, _Mapping]]] = ..., ends: _Optional[int] = ..., ends_ns: _Optional[int] = ...) -> None: ...

class InputStage(_message.Message):
    __slots__ = ("name", "elements", "processing_ns", "parallelism")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    PROCESSING_NS_FIELD_NUMBER: _ClassVar[int]
    PARALLELISM_FIELD_NUMBER: _ClassVar[int]
    name: str
    elements: int
    processing_ns: int
    parallelism: float
    def __init__(self, name: _Optional[str] = ..., elements: _Optional[int] = ..., processing_ns: _Optional[int] = ..., parallelism: _Optional[float] = ...) -> None: ...

class KerasPhase(_message.Message):
    __slots__ = ("kind", "name", "count", "total_ns", "longest_ns", "first_ns")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_NS_FIELD_NUMBER: _ClassVar[int]
    LONGEST_NS_FIELD_NUMBER: _ClassVar[int]
    FIRST_NS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    count: int
    total_ns: int
    longest_ns: int
    first_ns: int
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., count: _Optional[int] = ..., total_ns: _Optional[int] = ..., longest_ns: _Optional[int] = ..., first_ns: _Optional[int] = ...) -> None: ...
