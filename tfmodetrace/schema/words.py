"""The closed vocabularies: every word that may appear in an event file or a report.

Both sides of the event file use these lists. Adding a word to a list that is written to disk is a change of
:data:`SCHEMA_MAJOR` when an older reader would misread it, and of :data:`SCHEMA_MINOR` when an older reader can skip it.
"""

from __future__ import annotations

import enum
from typing import Final, Literal, get_args

SCHEMA_MAJOR: Final = 1
"""Files with a newer major version are refused by name."""

SCHEMA_MINOR: Final = 8
"""Files with a newer minor version are read; what they add is skipped."""

PLUGIN_NAME: Final = "modetrace"
"""The name under which TensorBoard knows the plugin and finds its data."""

EVENTS_DIRECTORY: Final = "modetrace"
"""The sub-directory of a log directory that holds our event files."""


ModeWord = Literal["eager", "graph", "xla", "tracing", "v1-graph"]
"""A mode as the vocabulary writes it, in the order of the integers."""

MODES: Final[tuple[ModeWord, ...]] = get_args(ModeWord)


class Mode(enum.IntEnum):
    """How a call ran. The integer is what an event file stores."""

    EAGER = 0
    GRAPH = 1
    XLA = 2
    TRACING = 3
    V1_GRAPH = 4

    @property
    def word(self) -> ModeWord:
        """The mode as the vocabulary writes it, such as ``v1-graph``."""
        return MODES[self]


SYMBOLIC_MODES: Final = (int(Mode.TRACING), int(Mode.V1_GRAPH))
"""Modes in which a call executes no op, but adds to a graph."""


class CallFlag(enum.IntFlag):
    """Facts about one call that are either so or not."""

    NONE = 0
    RAISED = 1
    """The call ended with an exception."""
    SUSPENDABLE = 2
    """A generator or coroutine: it lay suspended for part of its duration, so it overlaps its siblings."""
    SIGNATURE_NOT_RECORDED = 4
    """The signature table of this function was full."""


FUNCTION_KINDS: Final = (
    "function",
    "tf.function",
    "method",
    "keras-call",
    "generator",
    "coroutine",
    "async-generator",
    "region",
    "tf.data",
    "program",
)

ChangeKind = Literal[
    "first-trace",
    "variable-creation",
    "shape",
    "rank",
    "dtype",
    "python-value",
    "python-type",
    "tensor-vs-python",
    "object-identity",
    "structure",
    "composite-spec",
    "variable-alias",
    "strategy-context",
    "parent-graph",
    "device-context",
    "xla-context",
    "new-function-object",
    "unknown",
]

CHANGE_KINDS: Final[tuple[ChangeKind, ...]] = get_args(ChangeKind)

KERAS_ROLES: Final = (
    "optimizer",
    "model",
    "layer",
    "loss",
    "metric",
    "learning rate schedule",
    "callback",
    "initializer",
    "regularizer",
)

DiagnosisId = Literal[
    "numpy-in-graph",
    "symbolic-to-numpy",
    "variable-created-in-function",
    "dtype-mismatch",
    "shape-mismatch",
    "condition-not-scalar",
    "symbolic-bool",
    "symbolic-iteration",
    "undefined-in-branch",
    "branch-mismatch",
    "loop-invariant",
    "graph-tensor-leak",
    "input-signature-mismatch",
    "unhashable-argument",
    "keras-input-shape",
    "keras-loss-shape",
    "keras-unexpected-argument",
    "label-out-of-range",
    "kerastensor-in-tf-op",
    "xla-unsupported-op",
    "device-not-found",
    "out-of-memory",
    "tracing-recursion",
    "non-finite-value",
    "item-assignment",
    "unknown-static-shape",
    "gradient-none",
    "optimizer-unknown-variable",
    "version-conflict",
    "removed-api",
    "unsupported-data",
    "keras-saving",
    "keras-fit-usage",
    "keras-not-built",
    "keras-not-a-layer",
    "keras-output-shape",
    "index-out-of-range",
    "tensor-as-index",
    "numpy-method-on-tensor",
    "declared-type-mismatch",
    "distribution-scope",
    "tape-used-twice",
    "v1-api-in-eager",
    "v1-session",
    "bad-input-file",
    "untracked-resource",
    "checkpoint-mismatch",
    "autograph-limitation",
    "tensorarray-use",
    "unclassified",
]

DIAGNOSIS_IDS: Final[tuple[DiagnosisId, ...]] = get_args(DiagnosisId)

FindingId = Literal[
    "trace-storm",
    "python-scalar-argument",
    "varying-shape",
    "object-identity",
    "function-recreated",
    "trace-not-reused",
    "slow-tracing",
    "eager-hot-function",
    "run-eagerly-left-on",
    "graph-slower-than-eager",
    "python-loop-unrolled",
    "python-side-effect",
    "stale-python-state",
    "literal-type-collision",
    "python-op-in-graph",
    "large-constant",
    "xla-recompile",
    "failed-trace",
    "cross-device-transfers",
    "placement-not-honoured",
    "float64-input-cast",
    "memory-growth",
    "graph-memory-growth",
    "version-conflict",
    "slow-first-call",
    "input-bound",
    "slow-input-step",
    "mode-mismatch",
    "output-independent-of-input",
    "autograph-not-applied",
    "redundant-tf-function",
    "scalar-loop-in-graph",
    "per-example-calls",
    "slows-down",
    "worker-divergence",
    "straggler",
]

FINDING_IDS: Final[tuple[FindingId, ...]] = get_args(FindingId)

Severity = Literal["high", "medium", "low", "info"]
"""How much a finding matters, the most first."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

BudgetPart = Literal["tracing", "compiling", "graph", "xla", "eager-ops", "input", "keras", "python", "idle"]
"""What the wall time of a thread is divided into."""

BUDGET_PARTS: Final[tuple[BudgetPart, ...]] = get_args(BudgetPart)

SampleState = Literal["op", "kernel", "library", "python", "input", "graph", "tracing", "idle"]
"""What a thread was at, at a moment: TensorFlow dispatched an eager op for it; it ran one, and no thread ran Python; TensorFlow's or
Keras's Python ran, and no op; other Python did; it waited for, or made, input; a graph ran; a Python body was run symbolically; it waited
for something else."""

SAMPLE_STATES: Final[tuple[SampleState, ...]] = get_args(SampleState)

KerasPhase = Literal["setup", "data", "function", "validation", "nested", "callback", "end"]
"""What Keras's fit, evaluate and predict do: set up; fetch data; call the train, test or predict function; validate; call another of
themselves otherwise; call callbacks; let go of their data, or join their results."""

KERAS_PHASES: Final[tuple[KerasPhase, ...]] = get_args(KerasPhase)

BetweenPhases = Literal["between"]
"""What is in none of these."""

RecordingState = Literal["recording", "complete", "stopped"]
"""How a recording stands: it goes on, was ended, or was stopped without an end."""

HowKnown = Literal["measured", "sampled"]
"""How a part of a budget is known."""
