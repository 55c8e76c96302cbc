"""A functional Keras model on scikit-learn's digits, as in a tutorial."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

keras.utils.set_random_seed(7)
keras.config.disable_interactive_logging()

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split((x / 16).astype("float32"), y, random_state=0)

inputs = keras.Input((64,))
hidden = keras.layers.Dense(64, activation="relu")(inputs)
hidden = keras.layers.Dropout(0.2)(hidden)
skip = keras.layers.Dense(64)(inputs)
outputs = keras.layers.Dense(10)(keras.layers.Add()([hidden, skip]))
model = keras.Model(inputs, outputs, name="digits")
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])

history = model.fit(x_train, y_train, batch_size=64, epochs=int(sys.argv[2]), validation_data=(x_test, y_test), verbose=2)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"loss {loss!r} accuracy {accuracy!r}")
print(np.bincount(model.predict(x_test, verbose=0).argmax(axis=1)).tolist())
model.save_weights(sys.argv[1])
