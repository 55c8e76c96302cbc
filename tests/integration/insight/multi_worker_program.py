"""One worker of a MultiWorkerMirroredStrategy: LOGDIR STEPS [SHORT …]; in the steps SHORT its batch is a smaller one."""

from __future__ import annotations

import sys

import numpy as np
import tensorflow as tf

import tfmodetrace as tmt

logdir, steps, short = sys.argv[1], int(sys.argv[2]), {int(number) for number in sys.argv[3:]}
tf.config.threading.set_intra_op_parallelism_threads(1)
strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    weights = tf.Variable(tf.zeros((8, 1)))


@tmt.traced
@tf.function
def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    def replica(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.matmul(x, weights) - y) ** 2)
        gradient = tape.gradient(loss, weights)
        mean = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, gradient)
        weights.assign_sub(0.1 * mean)
        return loss

    return strategy.run(replica, args=(x, y))


random = np.random.default_rng(0)
with tmt.record(logdir):
    for step in range(steps):
        size = 17 if step in short else 32
        train_step(tf.constant(random.normal(size=(size, 8)), tf.float32), tf.ones((size, 1)))
