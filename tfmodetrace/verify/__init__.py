"""Fixes are tried: the program is run as it is, and again with a fix, and what came of it is compared and kept."""
