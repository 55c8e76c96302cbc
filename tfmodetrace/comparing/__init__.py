"""One function, run eagerly, in a graph and with XLA, and measured honestly: inside the user's process, with TensorFlow's public names.

(Not called ``compare``: importing a package of that name would take the place of :func:`tfmodetrace.compare`.)
"""
