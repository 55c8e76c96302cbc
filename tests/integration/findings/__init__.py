"""Findings of programs as people write them."""
