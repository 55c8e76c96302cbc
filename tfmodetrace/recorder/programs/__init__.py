"""What nobody has decorated: whole programs, Keras, tf.data, sessions of TensorFlow 1."""
