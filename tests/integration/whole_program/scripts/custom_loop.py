"""A training loop of its own around a tf.function, with tf.Variables and an optimizer written by hand."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

tf.random.set_seed(5)
x, y = load_digits(return_X_y=True)
x, y = (x / 16).astype("float32"), y.astype("int32")

weights = [tf.Variable(tf.random.normal([64, 96], stddev=0.1)), tf.Variable(tf.random.normal([96, 10], stddev=0.1))]
velocity = [tf.Variable(tf.zeros_like(weight)) for weight in weights]


def logits(x):
    return tf.nn.relu(x @ weights[0]) @ weights[1]


@tf.function
def train_step(x, y, rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits(x)))
    for weight, speed, gradient in zip(weights, velocity, tape.gradient(loss, weights), strict=True):
        speed.assign(0.9 * speed + gradient)
        weight.assign_sub(rate * speed)
    return loss


@tf.function
def accuracy(x, y):
    return tf.reduce_mean(tf.cast(tf.argmax(logits(x), axis=1, output_type=tf.int32) == y, tf.float32))


rate = tf.constant(0.1)
for epoch in range(int(sys.argv[2])):
    total = 0.0
    for start in range(0, len(x), 100):
        total += float(train_step(tf.constant(x[start : start + 100]), tf.constant(y[start : start + 100]), rate))
    print(epoch, repr(total), repr(float(accuracy(x, y))))
np.savez(sys.argv[1], *[weight.numpy() for weight in weights])
