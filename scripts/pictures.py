"""Makes the pictures of the documentation anew: records the examples, serves them in TensorBoard, and takes a picture of each view.

Run with ``make pictures``. ``--width``, ``--theme`` and ``--directory`` are for looking at the page as others see it.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Final

from playwright import sync_api

ROOT: Final = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # for what the tests know of browsers

from tests.support import browsers, tensorboards  # noqa: E402
from tfmodetrace.log import reader  # noqa: E402

EXAMPLES: Final = {
    "digits": "digits_training.py",
    "two_devices": "two_devices.py",
    "profiled": "profiled_training.py",
    "mistakes": "what_went_wrong.py",
}
"""The runs, and the examples that they are recordings of."""

READY_MS: Final = 60_000


def _nothing(frame: sync_api.Frame) -> None:
    """Leaves a view as it opens."""


def _timeline_is_drawn(frame: sync_api.Frame) -> None:
    sync_api.expect(frame.get_by_test_id("timeline-canvas")).to_have_attribute("data-loading", "false", timeout=READY_MS)


def _unrolled_line_is_open(frame: sync_api.Frame) -> None:
    frame.get_by_test_id("graph-line").filter(has_text="hidden = smooth(hidden)").get_by_test_id("graph-line-expand").click()
    frame.get_by_test_id("graph-lines").scroll_into_view_if_needed()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture.

    Attributes:
        name: Its file's, without the ending.
        run: The run that is shown.
        state: What else the address says of the page; ``{window}`` is one evaluation of the profiled example.
        shown: Something of the view by which one sees that it is there.
        height: In CSS pixels.
        prepare: What a person does there first.
    """

    name: str
    run: str
    state: str
    shown: str
    height: int = 900
    prepare: Callable[[sync_api.Frame], None] = _nothing


PICTURES: Final = (
    Picture(name="overview", run="digits", state="", shown="definition-row"),
    Picture(name="timeline", run="digits", state="view=timeline", shown="timeline-canvas", height=420, prepare=_timeline_is_drawn),
    Picture(name="traces", run="digits", state="view=traces", shown="trace-row"),
    Picture(name="graphs", run="two_devices", state="view=graphs", shown="graph-line", prepare=_unrolled_line_is_open),
    Picture(name="placement", run="two_devices", state="view=placement", shown="transfers", height=720),
    Picture(
        name="ops",
        run="profiled",
        state="view=timeline&ops=0&window={window}",
        shown="op-lane",
        height=480,
        prepare=_timeline_is_drawn,
    ),
    Picture(name="time", run="profiled", state="view=time", shown="function-times", height=760),
    Picture(name="errors", run="mistakes", state="view=errors", shown="failure", height=680),
)


def main() -> None:
    """Makes them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="which pictures; all if none is named")
    parser.add_argument("--directory", type=pathlib.Path, default=ROOT / "docs" / "images", help="where they go (default: %(default)s)")
    parser.add_argument("--logdir", type=pathlib.Path, help="where the recordings are kept; those that are there are used")
    parser.add_argument("--width", type=int, default=1440, help="in CSS pixels (default: %(default)s)")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - {picture.name for picture in PICTURES}
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    pictures = [picture for picture in PICTURES if not chosen.names or picture.name in chosen.names]
    chosen.directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        logdir = (chosen.logdir or pathlib.Path(scratch) / "logs").resolve()
        for run in dict.fromkeys(picture.run for picture in pictures):
            record(logdir / run, EXAMPLES[run])
        with (
            tensorboards.serve(pathlib.Path(scratch), [f"--logdir={logdir}"]) as served,
            browsers.launch(pathlib.Path(scratch) / "chromium", width=chosen.width, height=PICTURES[0].height) as context,
        ):
            served.runs()
            for picture in pictures:
                with browsers.new_page(context) as page:
                    page.set_viewport_size({"width": chosen.width, "height": picture.height})
                    take(picture, page, served.address, logdir, chosen.directory / f"{picture.name}.png", dark=chosen.theme == "dark")


def record(logdir: pathlib.Path, example: str) -> None:
    """Records an example, if that has not been done."""
    if (logdir / "modetrace").is_dir():
        return
    print(f"Recording {example} …", flush=True)
    command = [sys.executable, str(ROOT / "examples" / example), "--logdir", str(logdir)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def take(picture: Picture, page: sync_api.Page, address: str, logdir: pathlib.Path, file: pathlib.Path, *, dark: bool) -> None:
    """Takes a picture.

    Raises:
        AssertionError: If the browser complained about the page.
    """
    state = picture.state.format(window=one_evaluation(logdir / picture.run) if "{window}" in picture.state else "")
    words = ["modetrace", f"p.modetrace.run={picture.run}", *(f"p.modetrace.{word}" for word in state.split("&") if word)]
    tab = browsers.open_tab(page, address, "&".join(words))
    page.evaluate("dark => document.body.classList.toggle('dark-mode', dark)", dark)
    sync_api.expect(tab.frame.get_by_test_id(picture.shown).first).to_be_visible(timeout=READY_MS)
    picture.prepare(tab.frame)
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # TensorBoard's own transitions
    page.screenshot(path=file)
    assert tab.problems == [], tab.problems
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB", flush=True)


def one_evaluation(logdir: pathlib.Path) -> str:
    """Returns when the calls of one evaluation, in each of three modes, began and ended, as the address has it."""
    (run,) = reader.read(logdir).runs
    names = [function.name for function in run.functions]
    rows = {name: [row for row, number in enumerate(run.calls.function_id.tolist()) if names[number] == name] for name in names}
    first, last = rows["accuracy"][-3], rows["score with XLA"][-3]
    begin, end = int(run.calls.start_ns[first]), int(run.calls.end_ns[last])
    margin = (end - begin) // 20
    return f"{begin - margin}-{end + margin}"


if __name__ == "__main__":
    main()
