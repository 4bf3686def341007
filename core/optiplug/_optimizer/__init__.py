"""The abstract Optimizer: its parts, the API of Keras 2.15, and optimizers inside of one another.

Imports every other private package.
"""
