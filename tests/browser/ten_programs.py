"""Ten small programs, and beside each what costs most in it: the truth that the first screen is held against."""

from __future__ import annotations

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """A program with one thing wrong with it, or none.

    Attributes:
        code: The program.
        name: What the first screen has to name.
        costs: The least and the most part of the wall time that mending it would save; ``None`` where that is not what is wrong.
        says: What the fix, or the sentence of advice, has to hold.
    """

    code: str
    name: str
    costs: tuple[float, float] | None
    says: str


_HEAD: Final = "import time\nimport numpy as np\nimport tensorflow as tf\n\n"

PROGRAMS: Final = {
    "storm": Program(
        code="""
@tf.function
def blend(image, weight):
    for _ in range(10):
        image = tf.sin(image) * weight + tf.cos(image)
    return image

image = tf.ones((8, 8))
for number in range(25):
    blend(image, number / 10)
""",
        name="blend",
        costs=(0.1, 0.9),
        says="tf.constant(number / 10",
    ),
    "eager": Program(
        code="""
def denoise(image):
    for _ in range(40):
        image = tf.nn.relu(image * 0.9 + tf.sin(image) * 0.1) - tf.reduce_mean(image)
    return image

image = tf.ones((16, 16))
for _ in range(80):
    denoise(image)
""",
        name="denoise",
        costs=(0.1, 1.0),
        says="@tf.function\ndef denoise(image):",
    ),
    "input": Program(
        code="""
def load(number):
    time.sleep(0.02)
    return np.float32(number)

def read(number):
    value = tf.numpy_function(load, [number], tf.float32)
    return tf.reshape(value, [1])

@tf.function
def train(value):
    return tf.reduce_sum(value * 2.0)

for value in tf.data.Dataset.range(60).map(read):
    train(value)
""",
        name="input",
        costs=(0.25, 1.0),
        says="do less for each batch, or do it beforehand",
    ),
    "first call": Program(
        code="""
x = np.ones((32, 16), np.float32)
model = tf.keras.Sequential([tf.keras.Input((16,)), *(tf.keras.layers.Dense(16) for _ in range(16)), tf.keras.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, x[:, :1], epochs=1, verbose=0)
""",
        name="sequential.train_function",
        costs=(0.05, 0.7),
        says="model.optimizer.build(model.trainable_variables)",
    ),
    "xla": Program(
        code="""
@tf.function(jit_compile=True, reduce_retracing=True)
def project(x):
    return tf.reduce_sum(tf.nn.softmax(tf.matmul(x, x, transpose_b=True) * 0.5))

for _ in range(4):
    for rows in range(3, 11):
        project(tf.ones((rows, 8)))
""",
        name="project",
        costs=(0.1, 1.0),
        says="Give project few shapes",
    ),
    "error": Program(
        code="""
@tf.function
def loss(x):
    return float(tf.reduce_mean(x).numpy())

loss(tf.ones(4))
""",
        name="loss",
        costs=None,
        says="return tf.cast(tf.reduce_mean(x), tf.float32)",
    ),
    "healthy": Program(
        code="""
@tf.function
def step(x):
    for _ in tf.range(60):
        x = tf.linalg.matmul(x, x) / tf.norm(x)
    return x

x = tf.random.uniform((420, 420))
for _ in range(12):
    x = step(x)
x.numpy()
""",
        name="graph execution",
        costs=None,
        says="nothing to mend",
    ),
    "recreated": Program(
        code="""
def make(scale):
    @tf.function
    def forward(x):
        for _ in range(10):
            x = tf.sin(x) * scale
        return x
    return forward

for _ in range(25):
    make(2.0)(tf.ones(8))
""",
        name="forward",
        costs=(0.15, 1.0),
        says="call it once, before the loop",
    ),
    "unrolled": Program(
        code="""
@tf.function
def simulate(state):
    for _ in range(600):
        state = state + 0.01 * tf.sin(state)
    return state

state = tf.ones(16)
for _ in range(10):
    state = simulate(state)
""",
        name="simulate",
        costs=(0.1, 1.0),
        says="tf.range(600)",
    ),
    "predict": Program(
        code="""
model = tf.keras.Sequential([tf.keras.Input((8,)), tf.keras.layers.Dense(1)])
x = np.ones((30, 8), np.float32)
for number in range(30):
    model.predict(x[number : number + 1], verbose=0)
""",
        name="Model.predict",
        costs=(0.25, 1.0),
        says="model(x[number : number + 1], training=False).numpy()",
    ),
}


def text(program: Program) -> str:
    """Returns a program as its file holds it."""
    return _HEAD + program.code.lstrip("\n")
