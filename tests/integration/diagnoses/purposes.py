"""Programs that fail, each with what it wants: what is asserted at its end once the fix of its diagnosis is in its place.

Of each kind of fix there are neighbours, and near twins, for which nobody knows the code: theirs must stay none.
"""

from __future__ import annotations

import dataclasses
import textwrap


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """A program.

    Attributes:
        name: What it is about.
        text: Its whole source.
        diagnosis: The id of its diagnosis.
        wants: Python that is run after the mended program, and raises if that has not done what it is for; empty: there is no fix.
    """

    name: str
    text: str
    diagnosis: str
    wants: str


PROGRAMS: list[Program] = []

_HEADER = "import os, tempfile\nimport numpy as np, tensorflow as tf, keras\nkeras.utils.set_random_seed(1)\n"


def _add(diagnosis: str, name: str, source: str, wants: str = "") -> None:
    PROGRAMS.append(Program(name=name, text=_HEADER + textwrap.dedent(source), diagnosis=diagnosis, wants=textwrap.dedent(wants)))


# --- What a model has, and is given -------------------------------------------------------------------------------------------------------

_add(
    "keras-loss-shape",
    "one output too few for one-hot labels",
    """
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(units=4, activation="softmax")])
    model.compile("adam", "categorical_crossentropy")
    y = keras.utils.to_categorical([0, 1, 2, 3, 4, 4], 5)
    model.fit(np.ones((6, 3)), y, verbose=0)
    """,
    "assert model.output_shape == (None, 5) and len(model.layers) == 2",
)
_add(
    "keras-loss-shape",
    "outputs for another number of targets",
    """
    def main():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile("sgd", "mae")
        model.fit(np.ones((6, 3)), np.ones((6, 4)), verbose=0)
        return model

    model = main()
    """,
    "assert model.output_shape == (None, 4)",
)
_add(
    "keras-loss-shape",
    "fewer one-hot labels than outputs may be classes that lack",
    """
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, activation="softmax")])
    model.compile("adam", "categorical_crossentropy")
    model.fit(np.ones((6, 3)), np.eye(3)[[0, 1, 2, 0, 1, 2]], verbose=0)
    """,
)
_add(
    "keras-loss-shape",
    "a last layer that is added later",
    """
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    model.add(keras.layers.Dense(4))
    model.compile("adam", "mse")
    model.fit(np.ones((6, 3)), np.ones((6, 5)), verbose=0)
    """,
)
_add(
    "keras-loss-shape",
    "two outputs of softmax and labels of one column",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    x = np.concatenate([np.ones((8, 4)), -np.ones((8, 4))]).astype("float32")
    y = np.array([0, 1]).repeat(8)
    history = model.fit(x, y, epochs=20, verbose=0)
    """,
    "assert history.history['accuracy'][-1] == 1.0 and history.history['loss'][-1] < history.history['loss'][0]",
)
_add(
    "keras-loss-shape",
    "two outputs of sigmoid may be two labels of their own",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy")
    model.fit(np.ones((4, 4)), np.zeros((4,), int), verbose=0)
    """,
)
_add(
    "keras-loss-shape",
    "labels and predictions the other way round",
    """
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    dense = keras.layers.Dense(3)
    dense.build((None, 2))

    @tf.function
    def loss(x, y):
        logits = dense(x)
        return loss_of(logits, y)

    value = loss(tf.ones([4, 2]), tf.constant([0, 1, 2, 0]))
    """,
    "assert value.shape == () and float(value) > 0.0",
)
_add(
    "keras-loss-shape",
    "labels and predictions the other way round, by the function",
    """
    dense = keras.layers.Dense(3, activation="softmax")

    @tf.function
    def of(x, y):
        return keras.losses.sparse_categorical_crossentropy(dense(x), y)

    value = of(tf.ones([4, 2]), tf.constant([0, 1, 2, 0]))
    """,
    "assert value.shape == (4,)",
)
_add(
    "keras-fit-usage",
    "not compiled, with a sigmoid",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    model.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
    """,
    "assert model.loss == 'binary_crossentropy' and model.optimizer.iterations.numpy() == 1",
)
_add(
    "keras-fit-usage",
    "not compiled, with classes as numbers",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    y = np.array([0, 1, 2, 0])
    model.fit(np.ones((4, 4)), y, verbose=0)
    """,
    "assert model.loss == 'sparse_categorical_crossentropy' and model.optimizer.iterations.numpy() == 1",
)
_add(
    "keras-fit-usage",
    "not compiled, and nobody knows for which loss",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.fit(np.ones((8, 4)), np.ones((8, 3)), verbose=0)
    """,
)
_add(
    "keras-fit-usage",
    "one list of metrics for three outputs",
    """
    i = keras.Input((4,))
    model = keras.Model(i, [keras.layers.Dense(1, name=name)(i) for name in "abc"])
    model.compile("sgd", ["mse"] * 3, metrics=["mae", "mse"])
    history = model.fit(np.ones((4, 4)), [np.ones((4, 1))] * 3, verbose=0)
    """,
    "assert {'a_mae', 'b_mae', 'c_mse'} <= history.history.keys()",
)
_add(
    "keras-fit-usage",
    "a metric for two outputs",
    """
    i = keras.Input((4,))
    model = keras.Model(inputs=i, outputs=[keras.layers.Dense(1, name="a")(i), keras.layers.Dense(1, name="b")(i)])
    model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    history = model.fit(np.ones((4, 4)), [np.ones((4, 1))] * 2, verbose=0)
    """,
    "assert {'a_mae', 'b_mae'} <= history.history.keys()",
)
_add(
    "keras-fit-usage",
    "metrics made for two outputs are objects with a state each",
    """
    i = keras.Input((4,))
    model = keras.Model(i, [keras.layers.Dense(1)(i), keras.layers.Dense(1)(i)])
    model.compile("sgd", ["mse", "mse"], metrics=[keras.metrics.MeanAbsoluteError()])
    model.fit(np.ones((4, 4)), [np.ones((4, 1))] * 2, verbose=0)
    """,
)
_add(
    "keras-fit-usage",
    "a loss that forgets to return",
    """
    def weighted(y, p):
        error = y - p
        tf.reduce_mean(tf.square(error) * 2.0)

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=weighted)
    history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=5, verbose=0)
    """,
    "assert history.history['loss'][-1] < history.history['loss'][0]",
)
_add(
    "keras-fit-usage",
    "a loss that ends with a name that it has given",
    """
    def loss(y, p):
        error = tf.reduce_mean((y - p) ** 2)

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss)
    model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
    """,
)
_add(
    "keras-input-shape",
    "images for a model of rows",
    """
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(2)])
    images = np.ones((5, 3, 4), "float32")
    answer = model.predict(images, verbose=0)
    """,
    "assert answer.shape == (5, 2)",
)
_add(
    "keras-input-shape",
    "rows of pixels for a model of images",
    """
    i = keras.Input((4, 4, 1))
    model = keras.Model(i, keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(i)))
    rows = np.ones((5, 16), "float32")
    answer = model.predict(rows, verbose=0)
    """,
    "assert answer.shape == (5, 8)",
)
_add(
    "keras-input-shape",
    "channels first for a model of channels last",
    """
    i = keras.Input((4, 4, 3))
    model = keras.Model(i, keras.layers.Flatten()(i))
    images = np.ones((5, 3, 4, 4), "float32")
    model.predict(images, verbose=0)
    """,
)
_add(
    "keras-input-shape",
    "a dataset without batches, and one to validate",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    train = tf.data.Dataset.from_tensor_slices((np.ones((40, 4)), np.ones((40, 1))))
    valid = train.take(8)
    history = model.fit(train, validation_data=valid, epochs=3, verbose=0)
    """,
    "assert history.history['val_loss'][-1] < history.history['val_loss'][0]",
)
_add(
    "keras-input-shape",
    "a dataset of single images",
    """
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3), keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    ds = tf.data.Dataset.from_tensor_slices((np.ones((4, 8, 8, 3), "float32"), np.ones((4, 1), "float32")))
    model.fit(ds, verbose=0)
    """,
    "assert model.optimizer.iterations.numpy() == 1",
)
_add(
    "keras-input-shape",
    "a dataset of batches with a column too many",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    ds = tf.data.Dataset.from_tensor_slices((np.ones((8, 5)), np.ones((8, 1)))).batch(4)
    model.fit(ds, verbose=0)
    """,
)
_add(
    "unsupported-data",
    "classes as texts",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    names = np.array(["dog", "cat", "cow", "dog"])
    model.fit(np.ones((4, 2)), names, verbose=0)
    """,
    "assert model.optimizer.iterations.numpy() == 1",
)
_add(
    "unsupported-data",
    "texts for a loss that has nothing to do with classes",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 2)), np.array(["1.5", "x"]), verbose=0)
    """,
)
_add(
    "unsupported-data",
    "numbers as objects",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.array([[1, 2.5], ["3", 4]], dtype=object)
    model.fit(x, np.ones((2, 1)), verbose=0)
    """,
    "assert model.optimizer.iterations.numpy() == 1",
)
_add(
    "unsupported-data",
    "objects of which not all are numbers",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.array([[1, "red"], [3, "blue"]], dtype=object)
    model.fit(x, np.ones((2, 1)), verbose=0)
    """,
)
_add(
    "keras-saving",
    "a SavedModel of the program's own",
    """
    class Twice(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def serve(self, x):
            return {"y": 2.0 * x}

    where = tempfile.mkdtemp()
    module = Twice()
    tf.saved_model.save(module, where)
    model = keras.models.load_model(where)
    served = model.signatures["serving_default"] if model.signatures else None
    """,
    "assert [float(v) for v in served(tf.constant([1.0]))['y']] == [2.0]",
)
_add(
    "keras-saving",
    "an exported model",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    where = os.path.join(tempfile.mkdtemp(), "exported")
    model.export(where, verbose=False)
    again = keras.models.load_model(where)
    answer = again(np.ones((3, 2), "float32"))
    """,
    "assert np.allclose(answer, model(np.ones((3, 2), 'float32')))",
)
_add(
    "keras-saving",
    "an exported model that is to be trained",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    where = os.path.join(tempfile.mkdtemp(), "exported")
    model.export(where, verbose=False)
    again = keras.models.load_model(where)
    again.compile("sgd", "mse")
    """,
)
_add(
    "removed-api",
    "fit_generator of a zip",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    batches = zip([np.ones((2, 4))] * 3, [np.ones((2, 1))] * 3)
    model.fit_generator(batches)
    """,
    "assert model.optimizer.iterations.numpy() >= 3",
)
_add(
    "removed-api",
    "predict_generator of an iterator",
    """
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    answer = model.predict_generator(iter([np.ones((2, 4)), np.ones((2, 4))]))
    """,
    "assert answer.shape == (4, 1)",
)
_add(
    "removed-api",
    "predict_generator of what yields tuples",
    """
    def batches():
        for _ in range(2):
            yield (np.ones((2, 4)),)

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    answer = model.predict_generator(batches(), steps=2)
    """,
    "assert answer.shape == (4, 1)",
)
_add(
    "removed-api",
    "predict_generator of nobody knows what",
    """
    def batches(given):
        yield from given

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.predict_generator(batches([np.ones((2, 4))]))
    """,
)
_add(
    "removed-api",
    "minimize of a function",
    """
    v = tf.Variable([2.0, 3.0])
    opt = keras.optimizers.SGD(0.1)

    def cost():
        return tf.reduce_sum(v * v)

    for _ in range(3):
        opt.minimize(cost, var_list=[v])
    """,
    "assert float(tf.reduce_sum(v * v)) < 5.0",
)
_add(
    "removed-api",
    "minimize of a model's loss",
    """
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    x, y = tf.ones([4, 2]), tf.ones([4, 1])
    opt = keras.optimizers.SGD(0.1)
    before = float(tf.reduce_mean((model(x) - y) ** 2))
    opt.minimize(lambda: tf.reduce_mean((model(x) - y) ** 2), model.trainable_variables)
    """,
    "assert float(tf.reduce_mean((model(x) - y) ** 2)) < before",
)
_add(
    "removed-api",
    "minimize of a tensor that is there already",
    """
    v = tf.Variable(2.0)
    cost = v * v
    opt = keras.optimizers.SGD(0.1)
    step = opt.minimize(cost * 1.0, [v])
    """,
)

# --- Variables, layers, scopes ------------------------------------------------------------------------------------------------------------

_add(
    "variable-created-in-function",
    "a layer in the call of a layer without __init__",
    """
    class Block(keras.layers.Layer):
        def call(self, x):
            return keras.layers.Dense(3, activation="relu")(x)

    model = keras.Sequential([keras.Input((4,)), Block(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=3, verbose=0)
    """,
    "assert len(model.trainable_weights) == 4 and len(model.layers[0].trainable_weights) == 2",
)
_add(
    "variable-created-in-function",
    "a layer in the call of a model without __init__",
    """
    class Net(keras.Model):
        def call(self, x):
            h = keras.layers.Dense(3)(x)
            return tf.reduce_sum(h, axis=1, keepdims=True)

    model = Net()
    model.compile("sgd", "mse")
    history = model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=5, verbose=0)
    """,
    "assert len(model.trainable_weights) == 2 and history.history['loss'][-1] < history.history['loss'][0]",
)
_add(
    "variable-created-in-function",
    "a layer in the call of a model that has one of that name",
    """
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return keras.layers.Dense(1)(self.dense(x))

    model = Net()
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
    """,
)
_add(
    "variable-created-in-function",
    "a layer as wide as its input",
    """
    class Net(keras.Model):
        def call(self, x):
            return keras.layers.Dense(x.shape[-1])(x)

    model = Net()
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 4)), verbose=0)
    """,
)
_add(
    "variable-created-in-function",
    "a metric in a function",
    """
    @tf.function
    def step(x):
        seen = keras.metrics.Mean()
        seen.update_state(x)
        return seen.result()

    value = step(tf.constant([1.0, 3.0]))
    """,
    "assert float(value) == 2.0",
)
_add(
    "variable-created-in-function",
    "a variable of a name that the program has",
    """
    total = tf.Variable(5.0)

    @tf.function
    def f(x):
        total = tf.Variable(1.0)
        return total * x

    value = f(tf.constant(2.0))
    """,
    "assert float(value) == 2.0 and float(total) == 5.0",
)
_add(
    "distribution-scope",
    "a model made before the scope",
    """
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(1),
        ]
    )
    with mirrored.scope():
        model.compile("sgd", "mse")
    history = model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=4, verbose=0)
    """,
    "assert history.history['loss'][-1] < history.history['loss'][0] and 'Mirrored' in type(model.weights[0].value).__name__",
)
_add(
    "distribution-scope",
    "a model whose layers were made before",
    """
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    dense = keras.layers.Dense(1)
    dense.build((None, 4))
    model = keras.Sequential([keras.Input((4,)), dense])
    with strategy.scope():
        model.compile("sgd", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
    """,
)
_add(
    "untracked-resource",
    "a table beside the module",
    """
    words = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [7]), -1)

    class Lookup(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def serve(self, x):
            return words[x]

    module = Lookup()
    where = tempfile.mkdtemp()
    tf.saved_model.save(module, where)
    """,
    "assert tf.saved_model.load(where).serve(tf.constant(['a', 'b'])).numpy().tolist() == [7, -1]",
)
_add(
    "untracked-resource",
    "a variable beside the module",
    """
    scale = tf.Variable([2.0])

    class Scale(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def serve(self, x):
            return x * scale

    where = tempfile.mkdtemp()
    tf.saved_model.save(Scale(), where)
    """,
    "again = tf.saved_model.load(where)\nassert float(again.serve(tf.ones([1]))[0]) == 2.0",
)
_add(
    "untracked-resource",
    "two variables beside the module",
    """
    scale, shift = tf.Variable([2.0]), tf.Variable([1.0])

    class Line(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def serve(self, x):
            return x * scale + shift

    tf.saved_model.save(Line(), tempfile.mkdtemp())
    """,
)

# --- Graphs -------------------------------------------------------------------------------------------------------------------------------

_add(
    "graph-tensor-leak",
    "a list that a loop fills",
    """
    @tf.function
    def squares(n):
        found = []
        for i in tf.range(n):
            found.append(i * i)
        return tf.stack(found)

    value = squares(tf.constant(4))
    """,
    "assert value.numpy().tolist() == [0, 1, 4, 9]",
)
_add(
    "graph-tensor-leak",
    "a list of rows that a loop over a tensor fills",
    """
    @tf.function
    def doubled(x):
        rows = list()
        for row in x:
            rows.append(row * 2.0)
        return tf.concat(rows, axis=0)

    value = doubled(tf.ones([2, 3]))
    """,
    "assert value.numpy().tolist() == [2.0] * 6",
)
_add(
    "graph-tensor-leak",
    "a list that two places of a loop fill",
    """
    @tf.function
    def both(n):
        found = []
        for i in tf.range(n):
            found.append(i)
            found.append(-i)
        return tf.stack(found)

    both(tf.constant(4))
    """,
)
_add(
    "gradient-none",
    "gradients scaled, of which some are None",
    """
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    opt = keras.optimizers.SGD(0.1)

    def step():
        with tf.GradientTape() as tape:
            loss = a * a
        grads = tape.gradient(loss, [a, b])
        grads = [tf.clip_by_value(g * 0.5, -1.0, 1.0) for g in grads]
        opt.apply_gradients(zip(grads, [a, b]))

    step()
    """,
    "assert float(a) < 1.0 and float(b) == 1.0",
)
_add(
    "gradient-none",
    "gradients summed up, of which some are None",
    """
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = a * a
    grads = tape.gradient(loss, [a, b])
    norm = sum(tf.norm(g) for g in grads)
    """,
)
_add(
    "gradient-none",
    "a loss computed after the tape",
    """
    w = tf.Variable([1.0, 2.0])
    opt = keras.optimizers.SGD(0.1)

    def step(x):
        with tf.GradientTape() as tape:
            y = w * x
        error = y - 1.0
        loss = tf.reduce_sum(error * error)
        grads = tape.gradient(loss, [w])
        opt.apply_gradients(zip(grads, [w]))
        return loss

    first = step(tf.ones([2]))
    """,
    "assert float(step(tf.ones([2]))) < float(first)",
)
_add(
    "gradient-none",
    "a loss computed before the tape",
    """
    w = tf.Variable([1.0, 2.0])
    loss = tf.reduce_sum(w * w)
    with tf.GradientTape() as tape:
        y = w * 2.0
    g = tape.gradient(loss, w)
    w.assign_sub(0.1 * g)
    """,
)
_add(
    "v1-api-in-eager",
    "tf.gradients in a function",
    """
    def slope(x):
        y = x**3
        return tf.gradients(y, x)[0]

    value = slope(tf.constant(2.0))
    """,
    "assert float(value) == 12.0",
)
_add(
    "v1-api-in-eager",
    "tf.gradients in a function that prints values",
    """
    def slope(x):
        y = x * x
        print(y.numpy())
        return tf.gradients(y, x)

    slope(tf.constant(2.0))
    """,
)
_add(
    "unhashable-argument",
    "numbers of names by a dict",
    """
    numbers = {"cat": 3, "dog": 5}

    @tf.function
    def number(name):
        return numbers[name] * 2

    value = number(tf.constant("dog"))
    """,
    "assert int(value) == 10",
)
_add(
    "unhashable-argument",
    "names of numbers by a dict",
    """
    names = {0: "cat", 1: "dog"}

    def named(number):
        return names[number]

    value = list(tf.data.Dataset.from_tensor_slices(tf.constant([1, 0])).map(named).as_numpy_iterator())
    """,
    "assert value == [b'dog', b'cat']",
)
_add(
    "unhashable-argument",
    "a dict that grows",
    """
    numbers = {"cat": 3}
    numbers["dog"] = 5

    @tf.function
    def number(name):
        return numbers[name]

    number(tf.constant("dog"))
    """,
)
_add(
    "unhashable-argument",
    "a dict that a function fills",
    """
    numbers = {"cat": 3}

    def fill(known):
        known["dog"] = 5

    fill(numbers)

    @tf.function
    def number(name):
        return numbers[name]

    number(tf.constant("dog"))
    """,
)
_add(
    "declared-type-mismatch",
    "map_fn of whole numbers",
    """
    @tf.function
    def largest(x):
        return tf.map_fn(lambda row: tf.argmax(row), x)

    value = largest(tf.constant([[1.0, 5.0], [9.0, 2.0]]))
    """,
    "assert value.numpy().tolist() == [1, 0]",
)
_add(
    "item-assignment",
    "assign to an element, and add to one",
    """
    @tf.function
    def change(x):
        x[1].assign_add(2.0)
        return x

    value = change(tf.constant([1.0, 2.0]))
    """,
    "assert value.numpy().tolist() == [1.0, 4.0]",
)
_add(
    "item-assignment",
    "assign to a slice",
    """
    @tf.function
    def change(x):
        x[0:1].assign([2.0])
        return x

    change(tf.constant([1.0, 2.0]))
    """,
)
_add(
    "dtype-mismatch",
    "a weight of float32 in a layer of float16",
    """
    keras.config.set_dtype_policy("mixed_float16")

    class Shift(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.shift = tf.Variable([1.0, 1.0])

        def call(self, x):
            return self.shift + x

    value = Shift()(tf.zeros([1, 2]))
    """,
    "assert value.dtype == tf.float16 and value.numpy().tolist() == [[1.0, 1.0]]",
)
_add(
    "symbolic-to-numpy",
    "a value printed in a text",
    """
    w = tf.Variable(2.0)

    @tf.function
    def step(x):
        loss = tf.reduce_sum(x * w)
        print(f"loss {loss.numpy()} with {w.dtype}")
        return loss

    step(tf.ones([2]))
    """,
    "step(tf.ones([2]))",
)
_add(
    "symbolic-to-numpy",
    "values printed side by side",
    """
    @tf.function
    def step(x):
        print("sum", tf.reduce_sum(x).numpy(), x.numpy(), sep=": ")
        return x

    value = step(tf.ones([2]))
    """,
    "assert value.shape == (2,)",
)
_add(
    "symbolic-to-numpy",
    "a value printed with so many digits",
    """
    @tf.function
    def step(x):
        print(f"loss {tf.reduce_sum(x).numpy():.3f}")
        return x

    step(tf.ones([2]))
    """,
)
_add(
    "symbolic-to-numpy",
    "a value of TensorFlow 1",
    """
    tf.compat.v1.disable_eager_execution()
    y = tf.constant([1.0, 2.0]) * 2
    value = y.numpy()
    """,
    "assert value.tolist() == [2.0, 4.0]",
)
_add(
    "symbolic-to-numpy",
    "a value of TensorFlow 1 that needs another",
    """
    tf.compat.v1.disable_eager_execution()
    x = tf.compat.v1.placeholder(tf.float32, [])
    y = x * 2
    y.numpy()
    """,
)
_add(
    "input-signature-mismatch",
    "one row where a batch is signed",
    """
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def double(x):
        return 2.0 * x

    row = tf.ones([3])
    value = double(row)
    """,
    "assert value.shape == (1, 3)",
)
_add(
    "symbolic-bool",
    "a function that AutoGraph may not convert",
    """
    @tf.function(autograph=False, reduce_retracing=True)
    def sign(x):
        if tf.reduce_sum(x) > 0:
            return x
        return -x

    value = sign(tf.constant([-1.0]))
    """,
    "assert value.numpy().tolist() == [1.0]",
)
_add(
    "xla-unsupported-op",
    "what XLA cannot compile",
    """
    @tf.function(jit_compile=True)
    def name(x):
        return tf.strings.as_string(x)

    value = name(tf.constant(3))
    """,
    "assert value.numpy() == b'3'",
)

# --- Texts, weights, devices that are not there -------------------------------------------------------------------------------------------

_add(
    "dtype-mismatch",
    "a number joined to texts",
    """
    @tf.function
    def name(prefix, i):
        return prefix + i

    value = name(tf.constant("img_"), tf.constant(3))
    """,
    "assert value.numpy() == b'img_3'",
)
_add(
    "dtype-mismatch",
    "a text cast to a number",
    """
    @tf.function
    def number(text):
        return tf.cast(text, tf.float32) * 2.0

    value = number(tf.constant("1.5"))
    """,
    "assert value.numpy() == 3.0",
)
_add(
    "numpy-method-on-tensor",
    "the length of a text in a filter",
    """
    texts = tf.data.Dataset.from_tensor_slices(["a", "bbb"])

    def is_long(text):
        return len(text) > 2

    kept = list(texts.filter(is_long))
    """,
    "assert [text.numpy() for text in kept] == [b'bbb']",
)
_add(
    "keras-unexpected-argument",
    "a weight whose name comes first",
    """
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight("w", shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return x * self.w

    layer = Scale()
    value = layer(tf.ones([2, 3]))
    """,
    "assert value.shape == (2, 3) and layer.w.name == 'w' and len(layer.trainable_weights) == 1",
)
_add(
    "device-not-found",
    "memory growth of a device that is not there",
    """
    tpus = tf.config.list_physical_devices("TPU")
    tf.config.experimental.set_memory_growth(tpus[0], True)
    value = tf.reduce_sum(tf.ones([3]))
    """,
    "assert float(value) == 3.0",
)
_add(
    "device-not-found",
    "the second of the devices, of which there is one",
    """
    cpus = tf.config.list_physical_devices("CPU")
    name = cpus[1].name
    """,
)
_add(
    "keras-input-shape",
    "a number for the shape of an input",
    """
    inputs = keras.Input(shape=4)
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    value = model(tf.ones([2, 4]))
    """,
    "assert value.shape == (2, 1) and model.input_shape == (None, 4)",
)
