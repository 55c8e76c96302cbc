"""What holds of every finding: its fix is Python and names what exists, its cost and severity agree, and no cause is told twice."""

from __future__ import annotations

import ast
import builtins
import collections
import io
import os
import pathlib
import tokenize

from tfmodetrace.insight import answers, edits, findings, report
from tfmodetrace.log import tracelog

_WRONG = ("literal-type-collision", "stale-python-state", "mode-mismatch")
_IMPORTED = {"tf", "np", "keras"}


def check(run: tracelog.Run, *, profiled: bool = False) -> tuple[findings.Finding, ...]:
    """Checks every finding of a run and returns them."""
    told = answers.Answers(run, profiled=profiled)
    found = told.findings
    for finding in found:
        _check_words(finding)
        _check_cost(told, finding)
        _check_what_if(finding)
        _check_fix(run, finding)
    _check_causes(told, found)
    return found


def _check_words(finding: findings.Finding) -> None:
    assert finding.title, finding
    assert finding.why.endswith("."), finding
    assert finding.advice.endswith("."), finding
    assert "…model" not in finding.advice


def _check_cost(told: answers.Answers, finding: findings.Finding) -> None:
    number = 0 if finding.definition_id is None else told.definitions.rows[finding.definition_id].process
    wall_ns = told.budgets.wall_ns.get(number, 0)
    assert 0 <= finding.lost_ns <= max(wall_ns, 0), finding
    assert finding.share == (finding.lost_ns / wall_ns if wall_ns else 0.0), finding
    if finding.id in _WRONG or finding.evidence.get("changes_results"):
        assert finding.severity == "high", finding
    elif finding.severity != "info":
        assert finding.severity == ("high" if finding.share >= 0.1 else "medium" if finding.share >= 0.02 else "low"), finding
    assert report.finding(told.run, finding).evidence["lost_ns"] == finding.lost_ns


def _check_what_if(finding: findings.Finding) -> None:
    if finding.what_if is None:
        return
    options = finding.what_if.options
    marked = [option for option in options if option.best]
    if finding.fix is None:
        assert marked == [], finding
    for option in marked:
        known = [other.traces for other in options if other.traces is not None]
        assert option.traces == min(known), finding
        assert option.traces is not None, finding
        assert option.traces < finding.what_if.now, finding


def _check_fix(run: tracelog.Run, finding: findings.Finding) -> None:
    assert finding.fix == edits.told(finding.edits), finding
    if finding.fix is None:
        return
    for file in {edit.file for edit in finding.edits if os.path.isfile(edit.file)}:
        text = pathlib.Path(file).read_text()
        changed = edits.applied(text, (edit for edit in finding.edits if edit.file == file))
        ast.parse(changed)
        assert changed != text, finding
    try:
        tree = ast.parse(finding.fix)
    except SyntaxError:
        tree = ast.parse(finding.fix + "\n    ...")
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    imported = {(alias.asname or alias.name) for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    own |= {node.target.id for node in ast.walk(tree) if isinstance(node, ast.NamedExpr)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.target.id for node in ast.walk(tree) if isinstance(node, ast.For) and isinstance(node.target, ast.Name)}
    own |= {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id not in {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    }
    there = set(_IMPORTED) | set(dir(builtins)) | imported | own
    there = there.union(*(_names(edit.replaces) for edit in finding.edits))
    for function in run.functions:
        if function.function_id in finding.function_ids or (finding.id.startswith("slow") or finding.id == "function-recreated"):
            there |= {parameter.name for parameter in function.parameters} | {function.qualname.rpartition(".")[2]}
            there |= _names(function.source or "") | _names("" if function.made_at is None else function.made_at.code)
    for definition in run.samples.definitions if finding.id == "eager-hot-function" else ():
        if finding.at is not None and (definition.file, definition.line) == (finding.at.file, finding.at.line):
            there |= _names(definition.source or "")
    assert used <= there, (finding, used - there)
    assert not [
        node for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...
    ], finding


def _names(code: str) -> set[str]:
    found = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.NAME:
                found.add(token.string)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass
    return found


def _check_causes(told: answers.Answers, found: tuple[findings.Finding, ...]) -> None:
    traces = collections.Counter(trace_id for finding in found for trace_id in finding.trace_ids)
    assert not traces or max(traces.values()) == 1, "a trace is told by two findings"
    titles = collections.Counter((finding.id, finding.title) for finding in found)
    assert not titles or max(titles.values()) == 1, titles
    for number, wall_ns in told.budgets.wall_ns.items():
        # Threads run side by side: only what one thread lost adds up.
        if len([thread for thread in told.run.threads if thread.process == number]) == 1:
            lost = sum(
                finding.lost_ns
                for finding in found
                if finding.definition_id is not None and told.definitions.rows[finding.definition_id].process == number
            )
            assert lost <= wall_ns
