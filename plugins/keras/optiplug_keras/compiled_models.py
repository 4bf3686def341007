"""The models that an optimizer trains. Keras tells an optimizer nothing of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

__all__ = ["models_of", "rebuild"]


def models_of(optimizer: Any, model_class: type) -> Iterator[Any]:
    """Yield the models of this class that have an optimizer among their attributes, or what wraps it."""
    for each in gc.get_objects():
        # Not `isinstance`, which asks each object of a process for its class.
        if issubclass(type(each), model_class) and any(
            _is(value, optimizer) for value in vars(each).values()
        ):
            yield each


def rebuild(optimizer: Any, model_class: type) -> None:
    """Let the models of an optimizer make the functions anew in which a step of it was traced."""
    for model in models_of(optimizer, model_class):
        # In the middle of `fit` there must be one for the next batch.
        if model.train_function is not None:
            model.make_train_function(force=True)


def _is(value: object, optimizer: Any) -> bool:
    wraps = type(value).__name__.startswith("LossScaleOptimizer")
    return value is optimizer or (wraps and getattr(value, "inner_optimizer", None) is optimizer)
