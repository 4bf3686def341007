"""The abstract Optimizer: its parts, the API of Keras 2.15, and nested optimizers.

Imports every other private package.
"""
