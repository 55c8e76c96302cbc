"""A subclassed Keras model with a train_step of its own and a custom layer."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from sklearn.datasets import load_digits


class Gated(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.values = keras.layers.Dense(units)
        self.gates = keras.layers.Dense(units, activation="sigmoid")

    def call(self, x):
        return self.values(x) * self.gates(x)


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = Gated(48)
        self.second = Gated(48)
        self.head = keras.layers.Dense(10)
        self.mean_loss = keras.metrics.Mean("loss")

    def call(self, x, training=False):
        hidden = self.second(self.first(x))
        if training:
            hidden = tf.nn.dropout(hidden, 0.1, seed=3)
        return self.head(hidden)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, self.trainable_variables), 1.0)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.mean_loss.update_state(loss)
        return {"loss": self.mean_loss.result()}


keras.utils.set_random_seed(11)
x, y = load_digits(return_X_y=True)
model = Classifier()
model.compile(keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit((x / 16).astype("float32"), y, batch_size=128, epochs=int(sys.argv[2]), verbose=0)
print([repr(value) for value in history.history["loss"]])
model.save_weights(sys.argv[1])
