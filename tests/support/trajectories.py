"""The same gradients through an optimizer of ours, a peer's and an oracle, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from optiplug.testing.training import apply_as_scaled
from references.case import SHAPES
from references.training import Array

TOLERANCES = {"float64": 1e-12, "float32": 1e-6}


def problem(
    calls: int = 50, shapes: Sequence[tuple[int, ...]] = SHAPES
) -> tuple[list[Array], list[list[Array]]]:
    """Return initial variables, and gradients for so many calls; float32 holds all of them exactly.

    The gradients' sizes differ much from call to call, so that a clip binds in some and not in others.
    """
    random = np.random.default_rng(7)

    def draw(scale: float) -> list[Array]:
        drawn = [random.normal(size=shape) * scale for shape in shapes]
        return [np.asarray(each, np.float32).astype(np.float64) for each in drawn]

    return draw(1.0), [draw(float(np.exp(random.normal()))) for _ in range(calls)]


def variables_of(initial: Sequence[Array], dtype: str) -> list[Any]:
    """Return one TensorFlow variable for each array, named w0, w1, ..."""
    return [tf.Variable(tf.constant(value, dtype), name=f"w{key}") for key, value in enumerate(initial)]


def apply(optimizer: Any, gradients: Sequence[Array | None], variables: Sequence[Any]) -> None:
    """Apply one call's gradients."""
    tensors = [
        None if gradient is None else tf.constant(gradient, variable.dtype)
        for gradient, variable in zip(gradients, variables, strict=True)
    ]
    pairs = list(zip(tensors, variables, strict=True))
    if isinstance(optimizer, optiplug.Optimizer):
        apply_as_scaled(optimizer, pairs)
    else:
        optimizer.apply_gradients(pairs)


def follow(
    optimizer: Any,
    initial: Sequence[Array],
    gradients: Sequence[Sequence[Array | None]],
    dtype: str,
    watch: Callable[[], Any] = lambda: None,
) -> list[list[Array]]:
    """Return the variables after each call, as float64; `watch` is called after each."""
    variables = variables_of(initial, dtype)
    trajectory = []
    for present in gradients:
        apply(optimizer, present, variables)
        trajectory.append([np.asarray(variable.numpy(), np.float64) for variable in variables])
        watch()
    return trajectory


def assert_same(ours: Sequence[Sequence[Array]], theirs: Sequence[Sequence[Array]], tolerance: float) -> None:
    """Compare two trajectories at every call, relative to the largest element of each variable, or to 1.

    An element that passes through zero has the rounding errors of the values that it came from.
    """
    assert len(ours) == len(theirs)
    by_variable = zip(zip(*ours, strict=True), zip(*theirs, strict=True), strict=True)
    for key, pair in enumerate(by_variable):
        mine, other = map(np.stack, pair)  # all calls at once, as there are a hundred
        assert mine.shape == other.shape
        inner = tuple(range(1, other.ndim))
        size = np.max(np.abs(other), axis=inner, initial=1.0, where=np.isfinite(other), keepdims=True)
        message = f"variable {key}, by call"
        np.testing.assert_allclose(mine / size, other / size, rtol=0, atol=tolerance, err_msg=message)
