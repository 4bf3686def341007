"""A small Keras model of every kind of gradient, and real data for it."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras
import numpy as np
import tf_keras
from sklearn.datasets import load_digits

FLAVOURS = {"keras": keras, "tf_keras": tf_keras}
LEVELS = 17  # of grey


@cache
def digits(count: int = 128) -> tuple[Any, Any]:
    """Return images of 8 x 8 levels, and which digit each shows."""
    images, labels = load_digits(return_X_y=True)
    return images[:count].astype(np.int32), labels[:count].astype(np.int32)


def model(flavour: Any, *, normalized: bool = True) -> Any:
    """Return a classifier with sparse gradients, a constraint and statistics; each call starts alike.

    Statistics are those of a replica's own part of a batch, so they depend on how many there are.
    """
    flavour.utils.set_random_seed(1)
    layers = flavour.layers
    return flavour.Sequential(
        [
            layers.Input((64,), dtype="int32"),
            layers.Embedding(LEVELS, 4),
            layers.Reshape((8, 8, 4)),
            layers.Conv2D(8, 3, activation="relu"),
            *([layers.BatchNormalization()] if normalized else []),
            layers.Flatten(),
            layers.Dense(10, kernel_constraint=flavour.constraints.MaxNorm(1.0)),
        ]
    )


def compiled(flavour: Any, optimizer: Any, *, normalized: bool = True, **keywords: Any) -> Any:
    """Return the model, ready to be trained."""
    built = model(flavour, normalized=normalized)
    loss = flavour.losses.SparseCategoricalCrossentropy(from_logits=True)
    built.compile(optimizer=optimizer, loss=loss, **keywords)
    return built


def fit(built: Any, *, epochs: int = 1, **keywords: Any) -> list[float]:
    """Train on the digits, in order, and return the loss of each epoch."""
    history = built.fit(*digits(), batch_size=32, epochs=epochs, shuffle=False, verbose=0, **keywords)
    return list(history.history["loss"])
