"""Inside the user's process: what ran, written down as it happens. The only part of tfmodetrace that imports TensorFlow."""
