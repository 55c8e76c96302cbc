"""The folder that stands in ``PYTHONPATH`` of the Python programs that a recorded one starts; nothing is imported from it by this name."""
