"""The models that an optimizer trains. Keras tells an optimizer nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

__all__ = ["COMPILED", "models_of", "rebuild"]

COMPILED: WeakSet[Any] = WeakSet()
"""All models that were compiled since the adapters were imported."""


def models_of(optimizer: Any) -> Iterator[Any]:
    """Yield the models that have an optimizer among their attributes, as a GAN has two, or what wraps it."""
    for model in tuple(COMPILED):
        if any(_is(value, optimizer) for value in vars(model).values()):
            yield model


def rebuild(optimizer: Any) -> None:
    """Let the models of an optimizer make the functions anew in which a step of it was traced."""
    for model in models_of(optimizer):
        # In the middle of `fit` there must be one for the next batch.
        if model.train_function is not None:
            model.make_train_function(force=True)


def _is(value: object, optimizer: Any) -> bool:
    wraps = type(value).__name__.startswith("LossScaleOptimizer")
    return value is optimizer or (wraps and getattr(value, "inner_optimizer", None) is optimizer)
