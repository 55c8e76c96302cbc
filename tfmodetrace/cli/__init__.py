"""The command ``tfmodetrace``: one module a command. No TensorFlow."""
