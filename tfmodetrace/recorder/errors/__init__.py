"""Facts of an exception that leaves a call."""
