"""What samples tell, of samples that were made: how they split time, and which definitions should be graphs."""

from __future__ import annotations

import pathlib
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support import files, finding_rules
from tfmodetrace.insight import answers, findings, report
from tfmodetrace.log import reader, tracelog
from tfmodetrace.schema import words

MS = 1_000_000
LOOK = 10 * MS


def run_of(logdir: pathlib.Path) -> tracelog.Run:
    (run,) = reader.read(logdir).runs
    assert run.warnings == ()
    return run


def parts_of(logdir: pathlib.Path) -> dict[str, Any]:
    (process,) = answers.Answers(run_of(logdir)).budgets.processes
    assert sum(part.ns for part in process.main.parts) == process.wall_ns
    return {part.part: part for part in process.main.parts if part.ns}


@pytest.fixture
def session(tmp_path: pathlib.Path) -> files.SessionFile:
    made = files.SessionFile(tmp_path)
    made.thread()
    return made


def sampled(session: files.SessionFile, places: Sequence[int], *, first: int = 1, **options: Any) -> None:
    """Adds a sample every ``LOOK``, the first at ``first`` of them."""
    for number, place in enumerate(places, first):
        session.sample(number * LOOK, place, **options)


# --- The budget --------------------------------------------------------------------------------------------------------------------------


def test_time_outside_of_calls_is_split_by_samples_and_still_sums_to_the_wall_time(
    session: files.SessionFile, tmp_path: pathlib.Path
) -> None:
    body = session.sampled_definition("<module>")
    states = [session.place(body, line, state) for line, state in enumerate(("op", "python", "input", "idle", "library"), 1)]
    sampled(session, [states[0]] * 40 + [states[1]] * 30 + [states[2]] * 15 + [states[3]] * 10 + [states[4]] * 5)
    session.end(end_ns=1000 * MS)
    parts = parts_of(tmp_path)
    assert {name: part.ns for name, part in parts.items()} == {
        "eager-ops": 400 * MS,
        "python": 300 * MS,
        "input": 150 * MS,
        "idle": 100 * MS,
        "keras": 50 * MS,
    }
    assert all(part.how == "sampled" for part in parts.values())
    # 1.96 standard deviations of 40 of 100, with two more of either kind.
    assert parts["eager-ops"].plus_minus_ns == pytest.approx(1.96 * (0.404 * 0.596 / 104) ** 0.5 * 1000 * MS, rel=0.01)


def test_what_is_measured_stays_measured(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    step, helper = session.function("step", kind="tf.function"), session.function("helper")
    body = session.sampled_definition("<module>")
    graph, op, python = session.place(body, 1, "graph"), session.place(body, 2, "op"), session.place(body, 3, "python")
    call = session.call(step, 0, 300 * MS, mode=words.Mode.GRAPH)
    eager = session.call(helper, 300 * MS, 200 * MS)
    sampled(session, [graph] * 29, call=call)
    sampled(session, [op] * 15 + [python] * 5, first=30, call=eager)
    sampled(session, [python] * 50, first=50)
    session.end(end_ns=1000 * MS)
    parts = parts_of(tmp_path)
    assert {name: (part.ns, part.how) for name, part in parts.items()} == {
        "graph": (300 * MS, "measured"),
        "eager-ops": (150 * MS, "sampled"),
        "python": (550 * MS, "sampled"),
    }


def test_without_samples_nothing_is_said_of_what_only_they_tell(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    session.call(session.function("work"), 0, 400 * MS)
    session.end(end_ns=1000 * MS)
    assert {name: (part.ns, part.how) for name, part in parts_of(tmp_path).items()} == {
        "eager-ops": (400 * MS, "measured"),
        "idle": (600 * MS, "measured"),
    }
    (told,) = report.build_report(reader.read(tmp_path))["runs"]
    assert told["samples"] is None


def test_library_code_is_around_ops_only_on_lines_that_run_ops(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    body = session.sampled_definition("<module>")
    op, around = session.place(body, 1, "op"), session.place(body, 1, "library")
    elsewhere, fit = session.place(body, 2, "library"), session.place(body, 1, "library", in_keras_loop=True)
    sampled(session, [op] * 20 + [around] * 30 + [elsewhere] * 25 + [fit] * 25)
    session.end(end_ns=1000 * MS)
    assert {name: part.ns for name, part in parts_of(tmp_path).items()} == {"eager-ops": 500 * MS, "keras": 500 * MS}


def test_ops_that_set_up_a_pipeline_are_input_and_so_is_the_python_around_them(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    body = session.sampled_definition("<module>")
    names = ("tensor_slice_dataset", "batch_dataset_v2", "anonymous_iterator_v3", "dataset_cardinality")
    pipeline = [session.place(body, 1, "kernel", op=name) for name in names]
    around, twin = session.place(body, 1, "library"), session.place(body, 2, "op", op="iterated_filter")
    sampled(session, [*pipeline * 10, *[around] * 20, *[twin] * 40])
    session.end(end_ns=1000 * MS)
    assert {name: part.ns for name, part in parts_of(tmp_path).items()} == {"input": 600 * MS, "eager-ops": 400 * MS}


def test_a_look_that_came_late_stands_for_all_the_time_before_it(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    body = session.sampled_definition("<module>")
    python, op = session.place(body, 1, "python"), session.place(body, 2, "op")
    for time_ms in range(10, 510, 10):
        session.sample(time_ms * MS, op)
    session.sample(1000 * MS, python)
    session.end(end_ns=1000 * MS)
    assert {name: part.ns for name, part in parts_of(tmp_path).items()} == {"eager-ops": 500 * MS, "python": 500 * MS}


def test_other_threads_have_no_samples_while_they_wait(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    other = session.thread("worker")
    body = session.sampled_definition("<module>")
    idle, op = session.place(body, 1, "idle"), session.place(body, 2, "op")
    sampled(session, [idle] * 100)
    sampled(session, [op] * 25, thread=other)
    session.end(end_ns=1000 * MS)
    (process,) = answers.Answers(run_of(tmp_path)).budgets.processes
    (worker,) = process.others
    assert {part.part: part.ns for part in worker.parts if part.ns} == {"eager-ops": 250 * MS, "idle": 750 * MS}


def test_the_first_lines_say_what_is_sampled_and_how_sure_it_is(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    body = session.sampled_definition("<module>")
    sampled(session, [session.place(body, 1, "idle")] * 100)
    session.end(end_ns=1000 * MS)
    lines = answers.Answers(run_of(tmp_path)).first_lines
    assert lines is not None
    assert [(each.name, each.text, each.how) for each in lines.bar] == [("waiting", "100%", "sampled")]
    assert (lines.bar[0].plus_minus or "").startswith("± ")
    assert lines.nothing_to_mend == "nothing to mend: 100% of 1 s is waiting"


# --- Eager time and its finding ----------------------------------------------------------------------------------------------------------

SCRIPT = """\
import tensorflow as tf
w = tf.Variable(1.0)
def step(x):
    y = w * x
    return tf.reduce_sum(y)
for x in data:
    step(x)
"""


def definition_of(source: str, name: str) -> tuple[str, int]:
    """The text of a definition in a script, and its line."""
    lines = source.splitlines()
    first = next(number for number, line in enumerate(lines) if line.lstrip().startswith(f"def {name}("))
    indent = len(lines[first]) - len(lines[first].lstrip())
    last = first + 1
    while last < len(lines) and (not lines[last].strip() or len(lines[last]) - len(lines[last].lstrip()) > indent):
        last += 1
    return "\n".join(lines[first:last]), first + 1


def eager_findings(tmp_path: pathlib.Path) -> list[findings.Finding]:
    return [finding for finding in finding_rules.check(run_of(tmp_path)) if finding.id == "eager-hot-function"]


def step_in_a_loop(session: files.SessionFile, source: str, *, share: float = 0.5, called_at: int = 7, name: str = "step") -> None:
    """Samples of a function that is called at a line of the script, for a part of a second."""
    module = session.sampled_definition("<module>", source)
    text, line = definition_of(source, name)
    step = session.sampled_definition(name, text, line=line)
    places = [session.place(step, line + 1 + number % 2, "op", op="mul", caller=module, caller_line=called_at) for number in range(2)]
    python = session.place(module, 1, "python")
    count = round(100 * share)
    sampled(session, [places[0]] * (count // 2) + [places[1]] * (count - count // 2) + [python] * (100 - count))
    session.end(end_ns=1000 * MS)


def test_a_function_that_a_loop_calls_is_to_be_decorated(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    step_in_a_loop(session, SCRIPT)
    (finding,) = eager_findings(tmp_path)
    assert (finding.fix or "").partition("\n")[2] == "@tf.function\ndef step(x):"
    assert "@tf.function above step (train.py:3)" in finding.advice
    assert finding.evidence["eager_ns"] == 500 * MS
    assert finding.evidence["ops"] == {"mul": 500 * MS}
    assert [line["place"] for line in finding.evidence["lines"]] == ["train.py:4", "train.py:5"]
    assert finding.lost_ns == pytest.approx(500 * MS, rel=0.03)
    assert report.finding(run_of(tmp_path), finding).place == "train.py:3"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    y = float(x)\n    return y", "`float(x)` is a tensor there and no Python number, if what it is given is a tensor"),
        ("    y = bool(x)\n    return y", "`bool(x)` asks for a Python number"),
        ("    print(x)\n    return x", "tf.print"),
        ("    log.append(x)\n    return x", "log.append(x)"),
        ("    self.n += 1\n    return x", "self.n += 1"),
        ("    v = tf.Variable(x)\n    return v", "tf.Variable(x)"),
        ("    y = x.numpy()\n    return y", "x.numpy()"),
        ("    y = np.sum(x)\n    return y", "np.sum(x)"),
        ("    yield x\n    yield x", "cannot be in a graph"),
        ("    global n\n    n = x", "from outside"),
    ],
)
def test_what_cannot_be_in_a_graph_is_said_and_there_is_no_fix(
    session: files.SessionFile, tmp_path: pathlib.Path, body: str, said: str
) -> None:
    step_in_a_loop(session, SCRIPT.replace("    y = w * x\n    return tf.reduce_sum(y)", body))
    (finding,) = eager_findings(tmp_path)
    assert finding.fix is None
    assert said in finding.advice
    assert "train.py:4" in finding.advice


@pytest.mark.parametrize(
    "body",
    [
        "    y = tf.cast(x.shape[0], tf.float32)\n    return int(x.shape[0]) * y",
        "    parts = []\n    parts.append(x)",
        "    out = {}\n    out['a'] = x",
        "    total = float(len(x))\n    return total * x",
        "    w.assign_add(x)\n    return tf.math.log(x)",
        "    out = []\n    for layer in x: out.append(layer(w))",
        "    out = []\n    for part in x: out.append(part.loss)",
        "    x = tf.unstack(x); out = []\n    for a in x: out.append(a * 2)",
    ],
)
def test_near_twins_of_these_are_in_nobodys_way(session: files.SessionFile, tmp_path: pathlib.Path, body: str) -> None:
    step_in_a_loop(session, SCRIPT.replace("    y = w * x\n    return tf.reduce_sum(y)", body))
    (finding,) = eager_findings(tmp_path)
    assert finding.evidence["in_the_way"] == []
    assert (finding.fix or "").partition("\n")[2] == "@tf.function\ndef step(x):"


def test_a_loop_of_the_script_itself_is_to_become_a_function(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    source = "import tensorflow as tf\nx = tf.ones(3)\nfor i in range(1000):\n    x = x * 2\n    x = x + 1\n"
    module = session.sampled_definition("<module>", source)
    sampled(session, [session.place(module, 4, "op", op="mul")] * 60 + [session.place(module, 5, "kernel", op="add_v2")] * 40)
    session.end(end_ns=1000 * MS)
    (finding,) = eager_findings(tmp_path)
    assert finding.title.startswith("The loop at train.py:3 runs op by op")
    assert "make a function of what the loop at train.py:3 does" in finding.advice.lower()
    assert finding.fix is None
    # What TensorFlow ran while no thread ran Python is not lost for sure.
    assert finding.lost_ns == pytest.approx(600 * MS, rel=0.03)


def test_two_loops_of_a_script_are_told_apart_and_one_inside_another_is_not(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    source = (
        "import tensorflow as tf\nfor i in range(9):\n    x = x * 2\n"
        "for i in range(9):\n    y = y * 2\n    for j in range(9):\n        y = y + 1\n"
    )
    module = session.sampled_definition("<module>", source)
    lines = [session.place(module, line, "op", op="mul") for line in (3, 5, 7)]
    sampled(session, [lines[0]] * 30 + [lines[1]] * 20 + [lines[2]] * 40)
    session.end(end_ns=1000 * MS)
    found = sorted((finding.title.partition(" runs")[0], round(finding.share, 1)) for finding in eager_findings(tmp_path))
    assert found == [("The loop at train.py:2", 0.3), ("The loop at train.py:6", 0.6)]


@pytest.mark.parametrize(
    ("asking", "ops", "graphs", "told"), [(20, 2, 0, False), (70, 2, 0, True), (20, 8, 0, True), (70, 2, 20, False), (70, 8, 20, True)]
)
def test_a_graph_of_a_few_ops_that_compute_for_long_or_stand_beside_a_graph_is_not_worth_a_word(
    asking: int, ops: int, graphs: int, told: bool, session: files.SessionFile, tmp_path: pathlib.Path
) -> None:
    module = session.sampled_definition("<module>", "import tensorflow as tf\nfor i in range(9):\n    x = f(x)\n")
    names = [f"op{number}" for number in range(ops)]
    in_python = [session.place(module, 3, "op", op=name) for name in names]
    computing = [session.place(module, 3, "kernel", op=name) for name in names]
    sampled(session, [in_python[number % ops] if number < asking else computing[number % ops] for number in range(100 - graphs)])
    sampled(session, [session.place(module, 3, "graph")] * graphs, first=101 - graphs)
    session.end(end_ns=1000 * MS)
    assert bool(eager_findings(tmp_path)) == told


def model_in_a_loop(session: files.SessionFile, call: str, *, elsewhere: int = 0) -> None:
    source = f"import tensorflow as tf\nfor x in data:\n    y = {call}\n    total += float(y * 2)\n"
    module = session.sampled_definition("<module>", source)
    own, other = session.place(module, 3, "op", op="mat_mul"), session.place(module, 4, "op", op="mul")
    sampled(session, [own] * (100 - elsewhere) + [other] * elsewhere)
    session.end(end_ns=1000 * MS)


def test_where_nearly_all_is_one_call_of_a_model_only_that_is_to_be_a_graph(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    model_in_a_loop(session, "model(x[None], training=False)", elsewhere=5)
    (finding,) = eager_findings(tmp_path)
    assert "graph = tf.function(model) before the loop, and graph(x[None], training=False) in it" in finding.advice


@pytest.mark.parametrize(("helper", "said"), [(False, "Leave outside of it, in the loop, what"), (True, "First see to what")])
def test_what_is_another_in_a_graph_is_left_in_the_loop_unless_a_function_that_it_calls_has_it(
    helper: bool, said: str, session: files.SessionFile, tmp_path: pathlib.Path
) -> None:
    called = "def told(y):\n    print(y)\n"
    source = f"{called}for x in data:\n    y = x * 2\n    y = y + 1\n    {'told(y)' if helper else 'print(y)'}\n"
    module = session.sampled_definition("<module>", source)
    places = [session.place(module, line, "op", op=op) for line, op in ((4, "mul"), (5, "add_v2"))]
    sampled(session, places * 50)
    session.end(end_ns=1000 * MS)
    (finding,) = eager_findings(tmp_path)
    assert said in finding.advice
    assert ("train.py:2 `print(y)`" if helper else "train.py:6 `print(y)`") in finding.advice


@pytest.mark.parametrize(("call", "elsewhere"), [("model(x)", 40), ("tf.matmul(x, x)", 0), ("float(model(x))", 0), ("a(x) + b(x)", 0)])
def test_where_there_is_more_than_one_call_the_whole_turn_is(
    call: str, elsewhere: int, session: files.SessionFile, tmp_path: pathlib.Path
) -> None:
    model_in_a_loop(session, call, elsewhere=elsewhere)
    (finding,) = eager_findings(tmp_path)
    assert "make a function of what the loop at train.py:2 does" in finding.advice.lower()


def once(session: files.SessionFile) -> None:
    """Set-up code: each line long, none again."""
    source = "import tensorflow as tf\n" + "".join(f"x{number} = tf.ones(9)\n" for number in range(5))
    module = session.sampled_definition("<module>", source)
    sampled(session, [session.place(module, 2 + number // 20, "op", op="fill") for number in range(100)])


def little(session: files.SessionFile) -> None:
    module = session.sampled_definition("<module>", SCRIPT)
    text, line = definition_of(SCRIPT, "step")
    step = session.sampled_definition("step", text, line=line)
    op, python = session.place(step, 4, "op", caller=module, caller_line=7), session.place(module, 7, "python")
    sampled(session, [op if number % 56 == 0 else python for number in range(3000)])


def keras_own(session: files.SessionFile) -> None:
    module = session.sampled_definition("<module>", "for i in range(9):\n    model.fit(x)\n")
    sampled(session, [session.place(module, 2, "op", op="assign", in_keras_loop=True)] * 100)


def graphs_only(session: files.SessionFile) -> None:
    module = session.sampled_definition("<module>", SCRIPT)
    sampled(session, [session.place(module, 7, "graph"), session.place(module, 7, "python"), session.place(module, 6, "input")] * 33)


def tracing_only(session: files.SessionFile) -> None:
    module = session.sampled_definition("<module>", SCRIPT)
    sampled(session, [session.place(module, 7, "tracing")] * 100)


def decorated_already(session: files.SessionFile) -> None:
    module = session.sampled_definition("<module>", SCRIPT)
    step = session.sampled_definition("step", "@tf.function\ndef step(x):\n    return x * x", line=3)
    sampled(session, [session.place(step, 5, "op", op="mul", caller=module, caller_line=7)] * 100)


@pytest.mark.parametrize("program", [once, little, keras_own, graphs_only, tracing_only, decorated_already], ids=lambda each: each.__name__)
def test_nothing_is_said_of(program: Callable[[files.SessionFile], None], session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    program(session)
    session.end(end_ns=30_000 * MS if program is little else 1000 * MS)
    assert eager_findings(tmp_path) == []


def test_a_helper_is_told_with_the_function_that_calls_it_once(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    source = SCRIPT.replace("    y = w * x\n", "    y = loss(x)\n")
    module = session.sampled_definition("<module>", source)
    text, line = definition_of(source, "step")
    step = session.sampled_definition("step", text, line=line)
    loss = session.sampled_definition("loss", "def loss(x):\n    return x * x", line=20)
    own = session.place(step, 5, "op", op="sum", caller=module, caller_line=7)
    helper = session.place(loss, 21, "op", op="mul", caller=step, caller_line=4)
    sampled(session, [own, helper] * 50)
    session.end(end_ns=1000 * MS)
    (finding,) = eager_findings(tmp_path)
    assert (finding.fix or "").partition("\n")[2] == "@tf.function\ndef step(x):"
    assert finding.evidence["eager_ns"] == 1000 * MS


def element_by_element(session: files.SessionFile, loop: str, statement: str) -> None:
    """A function that a loop of another one calls for each element, which also runs ops of its own."""
    source = f"def each(x):\n    return x * w\ndef whole(batch):\n    out = []\n    {loop}\n        {statement}\n    return tf.stack(out)\n"
    source += "for batch in data:\n    whole(batch)\n"
    module = session.sampled_definition("<module>", source)
    whole = session.sampled_definition("whole", definition_of(source, "whole")[0], line=3)
    each = session.sampled_definition("each", definition_of(source, "each")[0], line=1)
    inner = session.place(each, 2, "op", op="mul", caller=whole, caller_line=6, outer=module, outer_line=9)
    own = session.place(whole, 6, "op", op="add", caller=module, caller_line=9)
    sampled(session, [inner] * 70 + [own] * 30)
    session.end(end_ns=1000 * MS)


def test_what_goes_through_a_tensor_is_told_with_what_it_calls_for_each_element(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    element_by_element(session, "for row in batch:", "out.append(each(row))")
    (finding,) = eager_findings(tmp_path)
    assert finding.title.startswith("whole runs op by op: 1 s")
    assert finding.fix is None
    assert "use tf.map_fn, or a tf.TensorArray. Then put @tf.function above whole" in finding.advice


def test_a_loop_that_calls_what_is_to_be_a_graph_is_not_unrolled_around_it(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    element_by_element(session, "for number in range(40):", "out.append(each(batch))")
    called, calling = eager_findings(tmp_path)
    assert (called.fix or "").partition("\n")[2] == "@tf.function\ndef each(x):"
    assert calling.title.startswith("whole runs op by op")
    assert calling.fix is None
    assert calling.advice.startswith("Make a graph of each first, which the loop at train.py:5 calls in every turn.")


def called_in_two_ways(session: files.SessionFile, helper: str = "def net(x):\n    return x * x", script: str = SCRIPT) -> None:
    """A function that is called by what a loop calls, and by another that this calls."""
    module = session.sampled_definition("<module>", script)
    text, line = definition_of(script, "step")
    step = session.sampled_definition("step", text, line=line)
    residual = session.sampled_definition("residual", "def residual(x):\n    return net(x)", line=20)
    net = session.sampled_definition("net", helper, line=30)
    direct = session.place(net, 31, "op", op="mul", caller=step, caller_line=4, outer=module, outer_line=7)
    around = session.place(net, 31, "op", op="mul", caller=residual, caller_line=21, outer=step, outer_line=5)
    sampled(session, [direct, around] * 50)
    session.end(end_ns=1000 * MS)


def test_what_is_called_in_two_ways_is_told_with_what_both_come_from(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    called_in_two_ways(session)
    (finding,) = eager_findings(tmp_path)
    assert (finding.fix or "").partition("\n")[2] == "@tf.function\ndef step(x):"
    assert finding.evidence["eager_ns"] == 1000 * MS


def test_a_function_that_is_begun_again_is_called_again_whoever_calls_it(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    source = textwrap.dedent("""\
        def put(values):
            for v, part in values:
                v.assign(part)
        def value(x):
            put(x)
            return tf.reduce_sum(x)
        scipy.optimize.minimize(value, x0)
        """)
    module = session.sampled_definition("<module>", source)
    put = session.sampled_definition("put", definition_of(source, "put")[0], line=1)
    value = session.sampled_definition("value", definition_of(source, "value")[0], line=4)
    own = session.place(value, 6, "op", op="sum", caller=module, caller_line=7)
    below = session.place(put, 3, "op", op="assign", caller=value, caller_line=5, outer=module, outer_line=7)
    sampled(session, [below, own] * 50)
    session.end(end_ns=1000 * MS)
    (finding,) = eager_findings(tmp_path)
    assert finding.title.startswith("value runs op by op")
    assert finding.evidence["eager_ns"] == 1000 * MS


HIDDEN = SCRIPT.replace("    y = w * x\n", "    y = note(x)\n") + "def note(x):\n    seen.append(x.numpy())\n    return x\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (HIDDEN, "x.numpy()"),
        (HIDDEN.replace("    seen.append(x.numpy())\n", "    again(x)\n") + "def again(x):\n    print(x)\n", "print(x)"),
        (HIDDEN.replace("x.numpy()", "1").replace("seen.append", "tf.identity"), None),
        (HIDDEN.replace("def note", "@tf.function\ndef note"), None),
        (HIDDEN.replace("def note", "def noted"), None),
    ],
    ids=["in what it calls", "in what that calls", "nothing", "in a graph of its own", "in what it does not call"],
)
def test_what_is_in_the_way_in_a_function_that_no_sample_found_is_said(
    session: files.SessionFile, tmp_path: pathlib.Path, script: str, said: str | None
) -> None:
    step_in_a_loop(session, script)
    (finding,) = eager_findings(tmp_path)
    assert (finding.fix is None) == (said is not None)
    assert said is None or said in finding.advice


@pytest.mark.parametrize(
    ("head", "op", "said"),
    [
        ("for a, b in zip(x, w):", "strided_slice", True),
        ("for a in enumerate(x):", "unpack", True),
        ("for a in x:", "strided_slice", False),
        ("for a, b in zip(x, w):", "mul", False),
        ("for a in zip(x[1:], w):", "strided_slice", False),
    ],
)
def test_a_tensor_that_python_goes_through_is_in_the_way(
    session: files.SessionFile, tmp_path: pathlib.Path, head: str, op: str, said: bool
) -> None:
    source = SCRIPT.replace("    y = w * x\n", f"    {head}\n        y = a * 2\n")
    module = session.sampled_definition("<module>", source)
    text, line = definition_of(source, "step")
    step = session.sampled_definition("step", text, line=line)
    ops = [session.place(step, line + at, "op", op=each, caller=module, caller_line=8) for at, each in ((1, op), (2, "mul"), (3, "sum"))]
    sampled(session, ops * 33)
    session.end(end_ns=1000 * MS)
    found = [each for finding in eager_findings(tmp_path) for each in finding.evidence["in_the_way"]]
    assert bool([each for each in found if each.startswith("train.py:4: ")]) == said


def test_a_function_with_the_training_loop_in_it_is_not_what_is_to_be_decorated(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    source = textwrap.dedent("""\
        def step(x):
            y = tf.square(x)
            return y
        def main():
            for x in data:
                step(x)
        main()
    """)
    module = session.sampled_definition("<module>", source)
    main = session.sampled_definition("main", definition_of(source, "main")[0], line=4)
    step = session.sampled_definition("step", definition_of(source, "step")[0], line=1)
    inner = session.place(step, 2, "op", op="mul", caller=main, caller_line=6)
    sampled(session, [inner] * 90 + [session.place(main, 6, "python", caller=module, caller_line=7)] * 10)
    session.end(end_ns=1000 * MS)
    (finding,) = eager_findings(tmp_path)
    assert (finding.fix or "").partition("\n")[2] == "@tf.function\ndef step(x):"


def test_nor_is_an_epoch_in_which_a_loop_calls_it_though_that_is_called_again(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    source = "def step(x):\n    return tf.square(x)\ndef epoch():\n    for x in data:\n        step(x)\nfor _ in range(9):\n    epoch()\n"
    module = session.sampled_definition("<module>", source)
    epoch = session.sampled_definition("epoch", definition_of(source, "epoch")[0], line=3)
    step = session.sampled_definition("step", definition_of(source, "step")[0], line=1)
    inner = session.place(step, 2, "op", op="mul", caller=epoch, caller_line=5, outer=module, outer_line=7)
    sampled(session, [inner] * 100)
    session.end(end_ns=1000 * MS)
    (finding,) = eager_findings(tmp_path)
    assert (finding.fix or "").partition("\n")[2] == "@tf.function\ndef step(x):"


def test_eager_time_stands_in_the_report_by_definition_line_and_op(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    step_in_a_loop(session, SCRIPT)
    (told,) = report.build_report(reader.read(tmp_path))["runs"]
    (definition,) = told["samples"]["definitions"]
    assert (definition["name"], definition["line"], definition["eager_ns"], definition["calls"]) == ("step", 3, 500 * MS, None)
    assert [(line["line"], line["code"], line["eager_ns"]) for line in definition["lines"]] == [
        (4, "y = w * x", 250 * MS),
        (5, "return tf.reduce_sum(y)", 250 * MS),
    ]
    assert [(op["op"], op["eager_ns"]) for op in definition["ops"]] == [("mul", 500 * MS)]
    assert sum(part["ns"] for part in told["budget"]) == told["wall_ns"]


# --- Input --------------------------------------------------------------------------------------------------------------------------------


def input_run(session: files.SessionFile, *, batches: int, inputs: int) -> None:
    step = session.function("step", kind="tf.function")
    module = session.sampled_definition("<module>", "data = make()\nfor x in data:\n    step(x)\n")
    waits, python = session.place(module, 2, "input", op="iterator_get_next"), session.place(module, 3, "python")
    for number in range(batches):
        session.call(step, number * (1000 * MS // batches), 1000, mode=words.Mode.GRAPH)
    for number in range(1, 1001):
        session.sample(number * MS, waits if number % 100 < inputs else python)


def input_findings(tmp_path: pathlib.Path) -> list[findings.Finding]:
    return [finding for finding in finding_rules.check(run_of(tmp_path)) if finding.id == "input-bound"]


def test_a_program_that_waits_for_its_input_is_told_where(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    input_run(session, batches=20, inputs=60)
    session.end(end_ns=1000 * MS)
    (finding,) = input_findings(tmp_path)
    assert finding.evidence["input_ns"] == pytest.approx(600 * MS, rel=0.001)
    assert (finding.evidence["place"], finding.evidence["made_by"]) == ("train.py:2", None)
    assert finding.severity == "high"


def test_the_python_that_makes_the_input_on_another_thread_is_named(session: files.SessionFile, tmp_path: pathlib.Path) -> None:
    input_run(session, batches=20, inputs=60)
    maker = session.sampled_definition("batches", "def batches():\n    work()\n    yield 1", line=30)
    making = session.place(maker, 31, "python")
    for number in range(1, 1001):
        session.sample(number * MS, making, thread=-1)
    session.end(end_ns=1000 * MS)
    (finding,) = input_findings(tmp_path)
    assert (finding.evidence["place"], finding.evidence["made_by"]) == ("train.py:31", "batches")


@pytest.mark.parametrize(("batches", "inputs"), [(20, 9), (2000, 60)], ids=["little of the time", "batches that are there"])
def test_fetching_input_is_not_waiting_for_it(session: files.SessionFile, tmp_path: pathlib.Path, batches: int, inputs: int) -> None:
    input_run(session, batches=batches, inputs=inputs)
    session.end(end_ns=1000 * MS)
    assert input_findings(tmp_path) == []


@pytest.mark.parametrize(
    ("maker", "state", "told"),
    [
        ("def batches():\n    work()\n    yield 1", "python", True),
        ("def batches():\n    work()\n    return 1", "python", False),
        ("def batches():\n    work()\n    return (1 for _ in x)", "python", False),
        ("def batches():\n    step()\n    yield 1", "graph", False),
    ],
    ids=["a generator", "a function", "one inside", "with the steps in it"],
)
def test_a_generator_that_a_loop_of_steps_goes_through_is_its_input(
    session: files.SessionFile, tmp_path: pathlib.Path, maker: str, state: str, told: bool
) -> None:
    step = session.function("step")
    module = session.sampled_definition("<module>", "for x in batches():\n    step(x)\n")
    batches = session.sampled_definition("batches", maker, line=30)
    making = session.place(batches, 31, "python", caller=module, caller_line=1)
    other = session.place(batches, 32, state, caller=module, caller_line=1)
    for number in range(20):
        session.call(step, number * 50 * MS, 1000, mode=words.Mode.GRAPH)
    for number in range(1, 1001):
        session.sample(number * MS, other if number % 10 == 0 else making)
    session.end(end_ns=1000 * MS)
    found = input_findings(tmp_path)
    assert [finding.evidence["made_by"] for finding in found] == (["batches"] if told else [])


@pytest.mark.parametrize("busy", [100, 92, 80], ids=["always", "nearly always", "with time to wait"])
def test_input_made_beside_every_running_graph_is_what_the_program_is_as_fast_as(
    session: files.SessionFile, tmp_path: pathlib.Path, busy: int
) -> None:
    module = session.sampled_definition("<module>", "model.fit(data)\n")
    maker = session.sampled_definition("batches", "def batches():\n    work()\n    yield 1", line=30)
    graph, making = session.place(module, 1, "graph", in_keras_loop=True), session.place(maker, 31, "input")
    python = session.place(module, 1, "python")
    for number in range(1, 101):
        session.sample(number * LOOK, graph if number > 20 else python)
        if number % 100 < busy:
            session.sample(number * LOOK, making, thread=-1)
    session.end(end_ns=1000 * MS)
    found = input_findings(tmp_path)
    if busy == 80:
        assert found == []
        return
    (finding,) = found
    assert (finding.evidence["place"], finding.evidence["made_by"], finding.evidence["samples"]) == ("train.py:31", "batches", 80)
    assert finding.evidence["input_ns"] <= 800 * MS
    assert finding.title.startswith("The program is as fast as batches makes its input")
