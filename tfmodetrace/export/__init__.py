"""What insight says, in the formats of other tools. No TensorFlow."""
