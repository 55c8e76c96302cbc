"""Which public programs ``verify_programs.py`` runs, and what is changed in each: where its data comes from, and for how long it trains.

An edit is a piece of the program's text and what replaces it, on the same line, so that lines stay where they are. Each piece must be in
the file exactly once, or as often as the edit says: another version of a program is refused, not run half changed.
"""

from __future__ import annotations

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True)
class Edit:
    """One replacement of a text.

    Attributes:
        old: What the program says.
        new: What is run in its place.
        times: How often it says so.
    """

    old: str
    new: str
    times: int = 1


@dataclasses.dataclass(frozen=True)
class Program:
    """A program of somebody else's.

    Attributes:
        path: Its file, relative to the checkout.
        kind: What kind of program it is, in a few words.
        edits: What is changed in it.
        arguments: What it is given on its command line.
    """

    path: str
    kind: str
    edits: tuple[Edit, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its file's name without the ending."""
        return self.path.rpartition("/")[2].removesuffix(".py")


_KERAS: Final = Edit("\nimport keras\n", "\nimport keras, stand_in\n")
_MNIST: Final = Edit("keras.datasets.mnist.load_data()", "stand_in.images(28, 28)")
_NO_DRAWING: Final = Edit("keras.utils.plot_model(", "(lambda *given, **named: None)(")
_EXAMPLES: Final = "examples/keras_io"

KERAS: Final = (
    Program(
        f"{_EXAMPLES}/vision/mnist_convnet.py",
        "functional model, fit",
        (_KERAS, _MNIST, Edit("epochs = 15", "epochs = 3")),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/generative/vae.py",
        "train_step of its own, predict in loops",
        (_KERAS, dataclasses.replace(_MNIST, times=2), Edit("epochs=30", "epochs=2"), Edit("n=30", "n=5")),
    ),
    Program(
        f"{_EXAMPLES}/nlp/addition_rnn.py",
        "LSTM, fit and predict in a loop",
        (_KERAS, Edit("TRAINING_SIZE = 50000", "TRAINING_SIZE = 1000"), Edit("epochs = 30", "epochs = 2")),
    ),
    Program(
        f"{_EXAMPLES}/nlp/bidirectional_lstm_imdb.py",
        "bidirectional LSTM",
        (_KERAS, Edit("keras.datasets.imdb.load_data(", "(lambda num_words: stand_in.reviews(num_words))(")),
    ),
    Program(
        f"{_EXAMPLES}/timeseries/timeseries_anomaly_detection.py",
        "convolutional autoencoder, data frames",
        (
            _KERAS,
            Edit("pd.read_csv(\n    df_small", "(lambda *given, **named: stand_in.measurements())(\n    df_small"),
            Edit("pd.read_csv(\n    df_daily", "(lambda *given, **named: stand_in.measurements(jump=40))(\n    df_daily"),
            Edit("epochs=50", "epochs=3"),
        ),
    ),
    Program(
        f"{_EXAMPLES}/timeseries/timeseries_classification_transformer.py",
        "transformer, early stopping",
        (_KERAS, Edit('np.loadtxt(filename, delimiter="\\t")', "stand_in.series()"), Edit("epochs=150", "epochs=2")),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/rl/actor_critic_cartpole.py",
        "eager loop with a tape, no graph",
        (_KERAS, Edit("if running_reward > 195:", "if episode_count == 6:")),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/keras_recipes/trainer_pattern.py",
        "tf.function train_step of its own",
        (_KERAS, Edit("mnist.load_data()", "stand_in.images(28, 28)"), Edit("epochs=5", "epochs=2", 2)),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/vision/reptile.py",
        "eager loop, a dataset for each step, predict",
        (_KERAS, Edit("meta_iters = 2000", "meta_iters = 8"), Edit("window_length = 100", "window_length = 4")),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/vision/metric_learning.py",
        "Sequence, train_step of its own",
        (
            _KERAS,
            Edit("cifar10.load_data()", "stand_in.images(32, 32, 3, test=200, column=True)"),
            Edit("randint(0, 50000,", "randint(0, 2000,"),
            Edit("num_batches=1000), epochs=20", "num_batches=20), epochs=2"),
            Edit("self.num_batches", "self.batches", 2),  # which a Sequence has of its own by now
        ),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/keras_recipes/tensorflow_numpy_models.py",
        "tnp, TensorBoard callback, eight models",
        (
            _KERAS,
            Edit("keras.datasets.boston_housing.load_data(", "stand_in.houses("),
            Edit("epochs=200", "epochs=2", 2),
        ),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/structured_data/structured_data_classification_from_scratch.py",
        "lookup layers, adapt over tf.data",
        (_KERAS, Edit("pd.read_csv(file_url)", "stand_in.patients()"), Edit("epochs=50", "epochs=5"), _NO_DRAWING),
    ),
    Program(
        f"{_EXAMPLES}/generative/pixelcnn.py",
        "assigns while called, predict for every pixel",
        (
            _KERAS,
            Edit("keras.datasets.mnist.load_data()", "stand_in.images(28, 28, train=200, test=40)"),
            Edit("n_residual_blocks = 5", "n_residual_blocks = 1"),
            Edit("epochs=50", "epochs=1"),
            Edit("tqdm(range(rows))", "tqdm(range(1))"),
        ),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/generative/lstm_character_level_text_generation.py",
        "fit and predict for every letter",
        (
            _KERAS,
            Edit("keras.utils.get_file(", "(lambda *given, **named: stand_in.text_file())("),
            Edit("epochs = 40", "epochs = 1"),
            Edit("range(400)", "range(10)"),
        ),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/generative/neural_style_transfer.py",
        "a tf.function, a variable as argument",
        (
            _KERAS,
            Edit("keras.utils.get_file(", "(lambda name, address: stand_in.picture(name))(", 2),
            Edit("img_nrows = 400", "img_nrows = 64"),
            Edit('weights="imagenet"', "weights=None"),
            Edit("iterations = 4000", "iterations = 20"),
            Edit("i % 100 == 0", "i % 10 == 0"),
            Edit("_iteration_4000", "_iteration_20"),
        ),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/vision/mixup.py",
        "tf.data: zip and map",
        (
            _KERAS,
            Edit("keras.datasets.fashion_mnist.load_data()", "stand_in.images(28, 28, train=2400)"),
            Edit("EPOCHS = 10", "EPOCHS = 1"),
            Edit("keras.backend.shape(", "keras.ops.shape("),  # which Keras 3 has no more
        ),
    ),
    Program(
        f"{_EXAMPLES}/tensorflow/vision/captcha_ocr.py",
        "CTC, pictures from files",
        (
            Edit("\nimport tensorflow as tf\n", "\nimport tensorflow as tf, stand_in\n"),
            Edit('Path("./captcha_images_v2/")', "Path(stand_in.captchas())"),
            Edit('get_layer(name="image").input', 'get_layer(name="image").output'),  # which Keras 3 has no more of an Input
        ),
    ),
    Program(
        f"{_EXAMPLES}/structured_data/collaborative_filtering_movielens.py",
        "embeddings, subclassed model, data frames",
        (
            _KERAS,
            Edit("keras.utils.get_file(", "(lambda *given, **named: stand_in.ratings())("),
        ),
    ),
)


@dataclasses.dataclass(frozen=True)
class Suite:
    """A test suite of somebody else's.

    Attributes:
        name: What it is called here.
        checkout: Which of the given checkouts it is in.
        tests: Files and directories of tests, relative to that.
    """

    name: str
    checkout: str
    tests: tuple[str, ...]


SUITES: Final = (
    Suite("gpflow", "gpflow", ("tests/gpflow/optimizers", "tests/gpflow/test_base_training.py")),
    Suite(
        "sonnet",
        "sonnet",
        ("sonnet/src/batch_norm_test.py", "sonnet/src/linear_test.py", "sonnet/src/optimizers/adam_test.py", "sonnet/src/nets"),
    ),
)
