"""The model's variables and gradients as a step sees them: paths, working values, packs of small ones.

Imports `_distribution`, `numerics` and `errors`; it knows no config, no hook and no state.
"""
