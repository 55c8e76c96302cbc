"""Ten recordings, each with the truth beside it: who looks at the first screen finds what costs most, how much, and what to write."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from playwright import sync_api
from playwright.sync_api import expect

from tests.browser import ten_programs
from tests.support import fresh, tensorboards
from tests.support import once as once_module
from tests.support.browsers import choose_run, open_tab

pytestmark = pytest.mark.by_the_clock


@pytest.fixture(scope="module")
def served(once: once_module.Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tensorboards.TensorBoard]:
    def record(logdir: pathlib.Path) -> None:
        for name, program in ten_programs.PROGRAMS.items():
            script = logdir / name / "program.py"
            script.parent.mkdir()
            script.write_text(ten_programs.text(program))
            done = fresh.run("-m", "tfmodetrace", "run", "--logdir", script.parent, script)
            assert (done.returncode == 0) is (name != "error"), done.stderr

    flags = [f"--logdir={once('ten', record)}"]
    with tensorboards.serve(tmp_path_factory.mktemp("tensorboard"), flags, python=None) as tensorboard:
        tensorboard.runs()
        yield tensorboard


def in_view(elements: sync_api.Locator) -> str:
    """Returns the text of what lies wholly in the window, and fails where something does not."""
    for element in elements.all():
        expect(element).to_be_in_viewport(ratio=1)
    return " ".join(" ".join(elements.all_inner_texts()).split())


def test_the_first_screen_tells_name_cost_and_fix_of_what_costs_most(page: sync_api.Page, served: tensorboards.TensorBoard) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    tab = open_tab(page, served.address, "modetrace")
    frame = tab.frame
    for name, program in ten_programs.PROGRAMS.items():
        choose_run(frame, name)
        expect(frame.get_by_test_id("first-lines")).to_have_count(1)
        # As many seconds of wall time as the run had: the answer is the chosen run's.
        (told,) = served.get("plugin/modetrace/report", run=name).json()["runs"]
        expect(frame.get_by_test_id("first-wall")).to_have_text(told["summary"]["first_lines"]["wall"])
        expect(frame.get_by_test_id("first-bar")).to_be_in_viewport(ratio=1)
        says = " ".join(program.says.split())
        if program.costs is not None:
            card = frame.get_by_test_id("first-findings").get_by_test_id("finding-row").first
            share = in_view(card.get_by_test_id("finding-share"))
            assert share.endswith("%"), name
            least, most = program.costs
            assert least <= float(share.rstrip("%")) / 100 <= most, (name, share)
            heading = in_view(card.get_by_role("heading"))
            advice = in_view(card.get_by_test_id("finding-advice"))
            assert program.name in heading or program.name in advice, (name, heading)
            assert says in advice + " " + in_view(card.get_by_test_id("finding-fix").locator("pre")), name
        elif name == "error":
            card = frame.get_by_test_id("first-failure").first
            text = in_view(card)
            assert f"in {program.name}" in text, text
            assert says in in_view(card.locator("pre")), text
        else:
            text = in_view(frame.get_by_test_id("nothing-to-mend"))
            assert says in text, text
            assert program.name in text, text
            assert frame.get_by_test_id("first-findings").get_by_test_id("finding-row").count() == 0
    assert tab.problems == []
