"""Benchmarks: each is a command, `python -m benchmarks.NAME`, that measures this machine and prints a small table."""
