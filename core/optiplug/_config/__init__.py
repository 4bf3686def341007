"""Configs: what a plugin's hyperparameters are, which values they take, and what names them.

Imports `registry`, `document` and `errors`, and nothing of TensorFlow.
"""
