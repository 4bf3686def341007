"""State between steps: slots and their table, saving and restoring it, and how much memory it takes.

Imports `_variables`, `_config` and what is below; it knows nothing of steps and optimizers.
"""
