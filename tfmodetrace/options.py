"""What a recording can be told. No TensorFlow: whoever starts a recording imports that."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

MEMORY: Final = ("off", "delta", "peak")
INSTRUMENT: Final = ("decorated", "all")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """The options of :class:`tfmodetrace.record`, which says what they mean; checked when they are put together.

    Attributes:
        memory: How the calls' device memory is sampled: one of ``MEMORY``.
        instrument: What is recorded: one of ``INSTRUMENT``.
        include: With ``"all"``: patterns of which one must match a function.
        exclude: Patterns of which none may.
        layers: How deep Keras layers are recorded.
        profiler: Whether TensorFlow's profiler runs, too: a bool, or ``tf.profiler.experimental.ProfilerOptions``.
        explain_errors: Whether exceptions that leave calls get a note that says what they mean.
        samples: Whether the stacks of the program's threads are sampled; None: where ``instrument`` is ``"all"``.
        flush_secs: Seconds after which at the latest everything recorded is in the file.

    Raises:
        TypeError: If one is of a type that makes no sense.
        ValueError: If one has a value that makes none.
    """

    memory: str = "off"
    instrument: str = "decorated"
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    layers: int = 1
    profiler: Any = False
    explain_errors: bool = False
    samples: bool | None = None
    flush_secs: float = 2.0

    def __post_init__(self) -> None:
        check_choice("memory", self.memory, MEMORY)
        check_choice("instrument", self.instrument, INSTRUMENT)
        flush_secs: Any = self.flush_secs
        layers: Any = self.layers
        profiler = self.profiler
        if isinstance(flush_secs, bool) or not isinstance(flush_secs, int | float) or not 0 < flush_secs <= 3600:
            raise ValueError(f"record(flush_secs=…) takes seconds between 0 and 3600, not {flush_secs!r}.")
        for name, patterns in (("include", self.include), ("exclude", self.exclude)):
            if isinstance(patterns, str) or not all(isinstance(pattern, str) for pattern in patterns):
                raise TypeError(f"record({name}=…) takes a list of patterns, such as ['my_package.*'], not {patterns!r}.")
            object.__setattr__(self, name, tuple(patterns))
        if isinstance(layers, bool) or not isinstance(layers, int) or layers < 0:
            raise ValueError(f"record(layers=…) takes a whole number of levels, 0 or more, not {layers!r}.")
        if not isinstance(self.explain_errors, bool):
            raise TypeError(f"record(explain_errors=…) takes True or False, not {self.explain_errors!r}.")
        if not isinstance(self.samples, bool | None):
            raise TypeError(f"record(samples=…) takes True, False or None, not {self.samples!r}.")
        if self.instrument != "all" and (self.include or self.exclude):
            raise ValueError('record(include=…, exclude=…) choose among functions nobody has decorated; add instrument="all".')
        if not isinstance(profiler, bool | None) and not hasattr(profiler, "host_tracer_level"):
            raise TypeError(
                f"record(profiler=…) takes True, False or tf.profiler.experimental.ProfilerOptions, not {type(profiler).__name__}."
            )

    @property
    def takes_samples(self) -> bool:
        """Whether stacks are sampled."""
        return self.instrument == "all" if self.samples is None else self.samples


def check_choice(option: str, value: Any, choices: tuple[str, ...]) -> None:
    """Sees to it that an option has one of its values.

    Raises:
        ValueError: If it has not.
    """
    if value not in choices:
        raise ValueError(f"{option}={value!r} is not possible; choose one of {', '.join(map(repr, choices))}.")
