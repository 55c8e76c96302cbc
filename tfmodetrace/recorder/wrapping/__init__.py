"""What is put around the user's things: functions, methods, tf.functions, partials, regions."""
