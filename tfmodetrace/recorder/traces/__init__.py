"""Facts of a trace: its key, its graph, the ops of each line, where they were placed."""
