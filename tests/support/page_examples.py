"""What a process of a cluster does with an example of a page."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

__all__ = ["example_and_fit_of_keras", "executed"]


def executed(code: str) -> bool:
    """Run the code of a block, as a program of its own."""
    exec(compile(code, "example.py", "exec", dont_inherit=True), {"__name__": "__main__"})  # noqa: S102
    return True


def example_and_fit_of_keras(code: str) -> str:
    """Run the code of a block, and return how `fit` of Keras 3 ends with an optimizer of Keras' own."""
    executed(code)
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile(optimizer="adam", loss="mse")
    try:
        model.fit(np.ones((64, 3)), np.ones((64, 1)), batch_size=16, verbose=0)
    except ValueError as error:
        return str(error)
    return ""
