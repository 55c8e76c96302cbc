"""What a pipeline does already is not advised again."""

from __future__ import annotations

import pytest

from tfmodetrace.insight import pipelines

_PLAIN = "data = tf.data.Dataset.from_tensor_slices(x).map(parse).batch(8)\nfor batch in data: step(batch)"


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        (_PLAIN, (pipelines.PARALLEL, pipelines.CACHE)),
        (_PLAIN.replace("batch(8)", "batch(8).prefetch(2)"), (pipelines.PARALLEL, pipelines.CACHE)),
        (f"options.experimental_optimization.inject_prefetch = False\n{_PLAIN}", (pipelines.PREFETCH, pipelines.PARALLEL, pipelines.CACHE)),
        (_PLAIN.replace("map(parse)", "map(parse, num_parallel_calls=4)"), (pipelines.CACHE,)),
        (_PLAIN.replace("map(parse)", "map(parse, tf.data.AUTOTUNE)"), (pipelines.CACHE,)),
        (_PLAIN.replace(".map(parse)", ""), (pipelines.PARALLEL, pipelines.CACHE)),
        (_PLAIN.replace("map(parse)", "map(parse, num_parallel_calls=4).map(crop).cache()"), (pipelines.PARALLEL,)),
    ],
)
def test_only_what_no_pipeline_of_the_file_does_is_lacking(text: str, lacking: tuple[str, ...]) -> None:
    found = pipelines.written(None, text)
    assert (found.known, found.lacking) == (True, lacking)
    assert found.prefetched == (pipelines.PREFETCH not in lacking)


@pytest.mark.parametrize("text", ["for batch in batches(): step(batch)", "no python", "found = list(map(parse, lines))"])
def test_a_text_without_pipelines_is_said_to_have_none(text: str) -> None:
    assert not pipelines.written(None, text).known
