"""One step: the pipeline of hooks, and the compiled program that runs it on a device.

Imports `_state`, `_variables`, `_config` and what is below; it knows no optimizer.
"""
