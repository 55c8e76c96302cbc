"""What a public program imports in place of its downloads: random data of the right shapes, always the same, and a count of traces.

On import it sets all seeds, and has traces counted where TensorFlow keeps them. What was counted, a digest
of the weights of all Keras models that are left, and when the program began are written at the end into the file that
``STAND_IN_RESULT`` names. It knows nothing of tfmodetrace.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import json
import os
import pathlib
import string
import time
import zipfile
from typing import Any

import count_traces  # type: ignore[import-not-found]  # of tests/external, on the path where this is
import keras
import numpy as np
import numpy.typing as npt

_BEGAN_S, _BEGAN_BUSY_S = time.time(), time.process_time()
_RANDOM = np.random.default_rng(0)

Split = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def images(*shape: int, classes: int = 10, train: int = 2000, test: int = 400, column: bool = False) -> tuple[Split, Split]:
    """Returns what ``keras.datasets.….load_data()`` does of pictures: ``(images, labels), (images, labels)``, as uint8."""

    def split(number: int) -> Split:
        labels = np.arange(number) % classes
        return _RANDOM.integers(0, 256, (number, *shape), np.uint8), (labels[:, None] if column else labels).astype(np.uint8)

    return split(train), split(test)


def reviews(
    words: int, length: int = 100, train: int = 512, test: int = 128
) -> tuple[tuple[list[list[int]], Any], tuple[list[list[int]], Any]]:
    """Returns what ``keras.datasets.imdb.load_data()`` does: lists of word numbers of different lengths, and labels of 0 and 1."""

    def split(number: int) -> tuple[list[list[int]], Any]:
        texts = [_RANDOM.integers(1, words, int(_RANDOM.integers(5, length))).tolist() for _ in range(number)]
        return texts, _RANDOM.integers(0, 2, number)

    return split(train), split(test)


def houses(*, train: int = 404, test: int = 102, **_options: object) -> tuple[Split, Split]:
    """Returns what ``keras.datasets.boston_housing.load_data()`` does."""

    def split(number: int) -> Split:
        return _RANDOM.normal(size=(number, 13)), _RANDOM.uniform(5, 50, number)

    return split(train), split(test)


def series(length: int = 100, number: int = 96) -> npt.NDArray[Any]:
    """Returns rows of a class, -1 or 1, and a series of numbers."""
    return np.concatenate([np.where(np.arange(number) % 2, 1, -1)[:, None], _RANDOM.normal(size=(number, length))], axis=1)


def measurements(rows: int = 2016, *, jump: float = 0) -> Any:
    """Returns a frame of one value each five minutes, by ``timestamp``, with a jump that lasts for a day and a half."""
    import pandas as pd

    stamps = pd.date_range("2014-04-01", periods=rows, freq="5min", name="timestamp")
    values = np.sin(np.arange(rows) / 45) + _RANDOM.normal(0, 0.1, rows)
    values[rows // 2 : rows // 2 + 432] += jump
    return pd.DataFrame({"value": values}, index=stamps)


def patients(rows: int = 303) -> Any:
    """Returns a frame with the columns of heart.csv."""
    import pandas as pd

    limits = {"age": 80, "sex": 2, "cp": 5, "trestbps": 200, "chol": 400, "fbs": 2, "restecg": 3, "thalach": 200, "exang": 2}
    frame = pd.DataFrame({name: _RANDOM.integers(0, limit, rows) for name, limit in limits.items()})
    frame["oldpeak"] = _RANDOM.uniform(0, 5, rows)
    frame["slope"], frame["ca"] = _RANDOM.integers(1, 4, rows), _RANDOM.integers(0, 4, rows)
    frame["thal"] = np.array(["fixed", "normal", "reversible"], object)[_RANDOM.integers(0, 3, rows)]
    frame["target"] = _RANDOM.integers(0, 2, rows)
    return frame


def text_file(letters: int = 4000) -> str:
    """Writes a text of random words and returns its path."""
    path = pathlib.Path("text.txt").absolute()
    path.write_text("".join(_RANDOM.choice([*string.ascii_lowercase, " "], letters)))
    return str(path)


def picture(name: str, width: int = 96, height: int = 64) -> str:
    """Writes a picture of random points and returns its path."""
    path = pathlib.Path(name).absolute()
    keras.utils.save_img(path, _RANDOM.integers(0, 256, (height, width, 3), np.uint8))
    return str(path)


def captchas(number: int = 48) -> str:
    """Writes pictures whose names are what they would show, and returns their directory."""
    directory = pathlib.Path("captcha_images_v2")
    directory.mkdir(exist_ok=True)
    for _ in range(number):
        picture(str(directory / ("".join(_RANDOM.choice(list("2345678bcdefgmnpwxy"), 5)) + ".png")), 200, 50)
    return f"./{directory}/"


def ratings(users: int = 60, movies: int = 200, number: int = 3000) -> str:
    """Writes a zip of ``ratings.csv`` and ``movies.csv`` and returns its path."""
    path = pathlib.Path("ml-latest-small.zip").absolute()
    rows = zip(_RANDOM.integers(1, users, number), _RANDOM.integers(1, movies, number), _RANDOM.integers(1, 6, number), strict=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ml-latest-small/ratings.csv", "userId,movieId,rating\n" + "".join(f"{u},{m},{r}\n" for u, m, r in rows))
        archive.writestr(
            "ml-latest-small/movies.csv", "movieId,title,genres\n" + "".join(f"{m},Film {m},Drama\n" for m in range(1, movies))
        )
    return str(path)


def _digest_of_weights() -> str:
    gc.collect()
    of_models = []
    for model in gc.get_objects():
        if isinstance(model, keras.Model) and model.built:
            digest = hashlib.sha256()
            for weight in model.get_weights():
                digest.update(np.ascontiguousarray(weight).tobytes())
            of_models.append(digest.hexdigest())
    return hashlib.sha256("".join(sorted(of_models)).encode()).hexdigest()


def _write_result() -> None:
    traces = dict(count_traces.TRACES)
    result = {"began_s": _BEGAN_S, "began_busy_s": _BEGAN_BUSY_S, "traces": traces, "weights": _digest_of_weights()}
    pathlib.Path(os.environ["STAND_IN_RESULT"]).write_text(json.dumps(result))


keras.utils.set_random_seed(0)
count_traces.begin()
atexit.register(_write_result)
