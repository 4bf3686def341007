"""From a loss to gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeAlias

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._tf_private import converted_for_caller
from optiplug._types import Gradient, Tensor, Variable
from optiplug._variables.model_variables import is_trainable, unwrapped

from .building import build_for
from .parts import OptimizerParts

__all__ = ["Loss", "Variables", "loss_gradients", "scaled_loss"]

Loss: TypeAlias = Tensor | Callable[[], Tensor]
Variables: TypeAlias = Sequence[Variable] | Callable[[], Sequence[Variable]]


def loss_gradients(
    parts: OptimizerParts, loss: Loss, var_list: Variables, tape: tf.GradientTape | None
) -> list[tuple[Gradient | None, Variable]]:
    """Return (gradient, variable) pairs, with the gradients scaled as processors scale the loss.

    Raises
    ------
    ValueError
        If `loss` is a tensor and there is no tape.
    """
    if not callable(loss) and tape is None:
        raise ValueError("`tape` is required when a `Tensor` loss is passed. Received: tape=None.")
    tape = tape or tf.GradientTape()
    if callable(loss):
        # By itself a tape watches only variables with `trainable=True`.
        watched = [] if callable(var_list) else _trained(_shards(var_list))
        with tape, parts.losses.computing() if parts.pipeline.loss_scalers else nullcontext():
            tape.watch(watched)
            loss = converted_for_caller(loss)()
    # After the loss: a model may create its variables in its first call.
    if callable(var_list):
        var_list = var_list()
    var_list = _shards(var_list)
    # TensorFlow would warn of each variable of integers.
    variables = _trained(var_list)
    gradients = iter(tape.gradient(loss, variables, output_gradients=_seed(parts, loss, variables)))
    return [(next(gradients) if is_trainable(each) else None, each) for each in var_list]


def _shards(variables: Sequence[Variable]) -> list[Variable]:
    return [shard for each in variables for shard in distribution.shards_of(each)]


def _trained(variables: Sequence[Variable]) -> list[Variable]:
    return [unwrapped(variable) for variable in variables if is_trainable(variable)]


def scaled_loss(parts: OptimizerParts, loss: Tensor) -> Tensor:
    """Return the loss as the processors want it differentiated.

    Raises
    ------
    BuildError
        If it is scaled already, or if the optimizer is not built.
    """
    scalers = parts.pipeline.loss_scalers
    if scalers:
        parts.losses.require_unscaled(loss, f"{parts.name}.scale_loss")
        for scaler in scalers.values():
            loss = scaler.scale_loss(loss)
        parts.losses.add(loss)
    return loss


def _seed(parts: OptimizerParts, loss: Tensor, variables: Sequence[Variable]) -> Any:
    """Return the gradient that differentiation starts from, None for 1: the scale of the loss."""
    if not parts.pipeline.loss_scalers:
        return None
    parts.losses.require_unscaled(loss, f"{parts.name}.compute_gradients")
    # A loss scale is state, so it must exist before it can be read.
    build_for(parts, variables)
    # A product with the loss would have to be recorded, and the tape may be closed already.
    return tf.nest.map_structure(lambda each: scaled_loss(parts, tf.ones_like(each)), loss)
