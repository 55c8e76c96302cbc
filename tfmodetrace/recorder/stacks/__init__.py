"""Sampled stacks: where the program's threads are at moments, so that also eager code which nobody decorated is seen."""
