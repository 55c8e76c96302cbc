"""tf.distribute over two logical CPUs: a mirrored strategy with a custom step, and Keras under the same strategy."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from sklearn.datasets import load_digits

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
keras.utils.set_random_seed(17)
strategy = tf.distribute.MirroredStrategy(["/CPU:0", "/CPU:1"])

x, y = load_digits(return_X_y=True)
x = (x / 16).astype("float32")
with strategy.scope():
    weights = tf.Variable(tf.random.stateless_normal([64, 10], seed=(1, 2), stddev=0.1))


@tf.function
def distributed_step(batch):
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, x @ weights))
        gradient = tape.gradient(loss, weights)
        weights.assign_sub(0.5 * tf.distribute.get_replica_context().all_reduce("mean", gradient))
        return loss

    losses = strategy.run(step, args=batch)
    return strategy.reduce("mean", losses, axis=None)


data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(128, drop_remainder=True))
for epoch in range(int(sys.argv[2])):
    print(epoch, repr(sum(float(distributed_step(batch)) for batch in data)))

with strategy.scope():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(10)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(x, y, batch_size=128, epochs=int(sys.argv[2]), verbose=0, shuffle=False)
print([repr(value) for value in history.history["loss"]])
model.save_weights(sys.argv[1])
