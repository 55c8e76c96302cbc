"""Findings about whole programs: what was left on, packages that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfmodetrace.insight import eager_switches, fixes, model_identity, units
from tfmodetrace.insight.findings import base
from tfmodetrace.log import function_table
from tfmodetrace.schema import words

LEFT_ON = 5
"""Eager calls from which on a switch was left on, and not tried out."""

CONFLICTS = "version conflicts"
"""The option of a recording that names packages that do not go together."""

_STEPS = ("train_step", "test_step", "predict_step")


def find(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Yields the findings about the program of a run."""
    yield from _conflicts(evidence)
    yield from list(_eager_switch(evidence)) or _eager_steps(evidence)


def _conflicts(evidence: base.Evidence) -> Iterator[base.Draft]:
    text = evidence.run.options.get(CONFLICTS)
    if text:
        yield base.Draft(
            id="version-conflict",
            functions=(),
            title=f"Installed packages do not go together: {text}",
            evidence={"conflicts": text.split("; ")},
            why="Packages that were not made for each other fail when they are imported, or later and less clearly.",
            advice="Run `tfmodetrace doctor` where the program runs: it says what to install.",
        )


# --- Eager switches ----------------------------------------------------------------------------------------------------------------------


def _eager_switch(evidence: base.Evidence) -> Iterator[base.Draft]:
    """tf.functions that ran eagerly: only ``tf.config.run_functions_eagerly(True)`` makes them."""
    calls = evidence.run.calls
    eager = np.bincount(calls.function_id[calls.mode == int(words.Mode.EAGER)], minlength=len(evidence.run.functions))
    found = [function for function in evidence.run.functions if function.kind == "tf.function" and eager[function.function_id]]
    count = sum(int(eager[function.function_id]) for function in found)
    if count >= LEFT_ON:
        numbers = [function.function_id for function in found]
        rows = np.flatnonzero((calls.mode == int(words.Mode.EAGER)) & np.isin(calls.function_id, numbers))
        most = max(found, key=lambda function: int(eager[function.function_id]))
        yield base.Draft(
            id="run-eagerly-left-on",
            functions=(most.function_id,),
            title=f"tf.functions ran eagerly: {count:,} calls of {units.plural(len(found), 'function')}",
            evidence={"calls": count, "functions": sorted({function.name for function in found}), "lost_is": "at most"},
            why="tf.config.run_functions_eagerly(True) makes every tf.function run op by op, as for debugging.",
            advice="Take tf.config.run_functions_eagerly(True) away, or switch it off again after debugging.",
            edits=eager_switches.of_functions(evidence.texts.values(), found),
            claims=(base.Claim(rows=rows),),
        )


def _eager_steps(evidence: base.Evidence) -> Iterator[base.Draft]:
    """Keras's steps that ran eagerly inside fit, evaluate or predict, while tf.functions do not."""
    run, calls = evidence.run, evidence.run.calls
    entries = [function.function_id for function in run.functions if model_identity.is_entry(function)]
    for function in run.functions:
        if function.kind != "method" or function.qualname.rpartition(".")[2] not in _STEPS:
            continue
        rows = np.flatnonzero((calls.function_id == function.function_id) & (calls.mode == int(words.Mode.EAGER)))
        rows = rows[evidence.inside(rows, entries)]
        if len(rows) < LEFT_ON:
            continue
        yield base.Draft(
            id="run-eagerly-left-on",
            functions=(function.function_id,),
            title=f"Keras ran {function.name} eagerly, {len(rows):,} times",
            evidence={"calls": len(rows), "eager_ns": int(calls.duration_ns[rows].sum()), "lost_is": "at most"},
            why="With run_eagerly=True Keras makes no graph of its steps: Python dispatches every op of every step.",
            advice="Compile the model with run_eagerly=False, which is the default.",
            edits=eager_switches.of_keras(evidence.texts.values(), _bodies(evidence, function)),
            claims=(base.Claim(rows=rows),),
            at=eager_switches.place_of_keras(evidence.texts.values()),
        )


def _bodies(evidence: base.Evidence, step: function_table.Function) -> list[function_table.Function]:
    """What of the user's a step of Keras's runs: itself, if that is the user's, and the calls of layers and models."""
    return [each for each in evidence.run.functions if fixes.is_users(each) and (each is step or each.kind == "keras-call")]
