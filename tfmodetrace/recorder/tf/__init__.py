"""Everything that touches private names of TensorFlow and Keras, one file a topic; each name is guarded."""
