"""Running products of decay rates that follow a schedule, which bias corrections need.

An average that starts at zero is biased by the product of its decay rates so far. That is ``beta^t`` for a
number; for a schedule it is state, and kept as a sum of logarithms: the product is close to 1 at
first, where its own digits would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import tensorflow as tf

from optiplug import numerics
from optiplug._config.hyperparameters import Scalar, is_decay_rate
from optiplug._step.step import Step
from optiplug._types import DType, Tensor, Variable
from optiplug._variables.capture import Working
from optiplug.errors import BuildError

from .groups import OptimizerNode

__all__ = ["bias_correction", "create_products", "products_of"]


def create_products(node: OptimizerNode) -> None:
    """Create the state for each decay rate of an optimizer that follows a schedule."""
    for field, _ in _scheduled(node):
        owner = node.owner
        owner.add_state(_name(field), [2], tf.float64, lambda: tf.zeros([2], tf.float64))


def products_of(node: OptimizerNode) -> Iterator[tuple[int, tuple[Scalar, Variable]]]:
    """Return the schedules of an optimizer's decay rates and their state, by the `id` of the schedule."""
    for field, beta in _scheduled(node):
        yield id(beta), (beta, node.owner.table.states[node.owner.qualified(_name(field))].variable)


def bias_correction(step: Step, beta: Scalar, like: Working | Tensor | DType, ahead: int) -> Tensor:
    """Return ``1 - beta^(t + ahead)`` in the dtype of `like`, where t counts this step too."""
    now = step.scalar(beta, like)
    if isinstance(beta, int | float):
        return numerics.bias_correction(now, step.iteration + 1 + ahead)
    if id(beta) not in step.numbers.decay_products:
        raise BuildError(
            "a decay rate that follows a schedule must be a field of the config, of type BelowOneScalar",
            received=beta,
            hint="its bias correction needs the product of its values so far, which is kept for such fields",
        )
    # As rounded where the weight of a moment is formed from it.
    logarithm = step.log_decay_product(beta)[int(now.dtype == tf.float64)]
    if ahead:  # as 0 times the logarithm of a rate of 0 is NaN
        logarithm += ahead * tf.math.log1p(tf.cast(now, tf.float64) - 1)
    return tf.cast(-tf.math.expm1(logarithm), now.dtype)


def _scheduled(node: OptimizerNode) -> Iterator[tuple[str, Scalar]]:
    for field, value in node.config:
        if is_decay_rate(type(node.config), field) and not isinstance(value, int | float):
            yield field, value


def _name(field: str) -> str:
    return f"log_product_of_{field}"
