"""What users hand to `apply_gradients`, validated."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from optiplug.errors import GradientsError

__all__ = ["pairs", "trainable", "unwrapped"]


def pairs(grads_and_vars: Iterable[tuple[Any, Any]]) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the gradients of all pairs that have one, their tf.Variables, and these as they were given.

    Raises
    ------
    GradientsError
        If these are no pairs, if one has no variable in it, or if two have the same.
    ValueError
        If there are pairs but no gradient at all.
    """
    try:
        given = [(gradient, variable) for gradient, variable in grads_and_vars]
    except (TypeError, ValueError) as error:
        raise GradientsError(
            "`grads_and_vars` must be an iterable of (gradient, variable) pairs",
            received=grads_and_vars,
            hint="zip(gradients, variables) makes one",
        ) from error
    kept = [_pair(gradient, variable) for gradient, variable in given if gradient is not None]
    missing = [variable.name for gradient, variable in given if gradient is None]
    if given and not kept:
        raise ValueError(
            f"No gradients provided for any variable: {missing}. Hint: does the loss depend on them?"
        )
    if missing:
        warnings.warn(f"Variables without gradient are left alone: {missing}.", stacklevel=3)
    variables = [unwrapped(variable) for _, variable in kept]
    if len(set(map(id, variables))) < len(kept):
        names = [variable.name for variable in variables]
        raise GradientsError("each variable must appear once in `grads_and_vars`", received=names)
    return [gradient for gradient, _ in kept], variables, [variable for _, variable in kept]


def _pair(gradient: Any, variable: Any) -> tuple[Any, Any]:
    """Give a sparse gradient that does not know its shape that of its variable."""
    if isinstance(gradient, tf.IndexedSlices) and gradient.dense_shape is None:
        shape = tf.constant(variable.shape, gradient.indices.dtype)
        gradient = tf.IndexedSlices(gradient.values, gradient.indices, shape)
    return gradient, variable


def trainable(variable: Any) -> Any:
    """Return the tf.Variable, if a gradient can move it.

    Raises
    ------
    GradientsError
        If it is a variable of integers, or no variable at all.
    """
    variable = unwrapped(variable)
    if not (variable.dtype.is_floating or variable.dtype.is_complex):
        raise GradientsError(
            f"a variable that is trained must have a floating or complex dtype: {variable.name!r}",
            received=variable.dtype.name,
        )
    return variable


def unwrapped(variable: Any) -> Any:
    """Return the tf.Variable: itself, or the one that a variable of Keras 3 wraps and names by its path."""
    for candidate in (variable, getattr(variable, "value", None)):
        if isinstance(candidate, tf.Variable):
            return candidate
    raise GradientsError("a tf.Variable or a Keras variable must be given", received=variable)
