"""Benchmarks of the step, beside other libraries: `python -m benchmarks --help`."""
