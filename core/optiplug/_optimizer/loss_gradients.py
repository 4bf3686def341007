"""From a loss to gradients, and from the gradients of each replica to those of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._step.pipeline import Pipeline
from optiplug._variables.pairs import unwrapped

__all__ = ["Minimizing"]


class Minimizing:
    """Mixin of `Optimizer`: where gradients come from."""

    apply_gradients: Callable[..., Any]
    _pipeline: Pipeline
    _build_for: Callable[[Sequence[Any]], None]

    def minimize(self, loss: Any, var_list: Any, tape: Any = None) -> None:
        """Compute the gradients of `loss` and apply them; see `compute_gradients`."""
        self.apply_gradients(self.compute_gradients(loss, var_list, tape))

    def compute_gradients(self, loss: Any, var_list: Any, tape: Any = None) -> list[tuple[Any, Any]]:
        """Return (gradient, variable) pairs.

        Parameters
        ----------
        loss
            A callable without arguments, or a tensor together with the `tape` that saw it computed.
        var_list
            The variables, or a callable that returns them once the loss has been computed.

        Raises
        ------
        ValueError
            If `loss` is a tensor and there is no tape.
        """
        if not callable(loss) and tape is None:
            raise ValueError("`tape` is required when a `Tensor` loss is passed. Received: tape=None.")
        tape = tape or tf.GradientTape()
        if callable(loss):
            with tape:
                if not callable(var_list):
                    tape.watch([unwrapped(variable) for variable in var_list])
                loss = loss()
        if callable(var_list):
            var_list = var_list()
        unwrapped_variables = [unwrapped(variable) for variable in var_list]
        seed = self._loss_seed(loss, unwrapped_variables)
        gradients = tape.gradient(loss, unwrapped_variables, output_gradients=seed)
        return list(zip(gradients, var_list, strict=True))

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss as the processors want it differentiated, such as multiplied by a `loss_scale`.

        `minimize` and `compute_gradients` do it by themselves; in a loop with a tape of your own,
        take the gradients of what this returns, and call `build` before: a scale is state.
        """
        for scale in self._loss_scales:
            loss = scale(loss)
        return loss

    def _loss_seed(self, loss: Any, variables: Sequence[Any]) -> Any:
        """Return what a gradient of `loss` starts from, None for 1: scaled, without a word to the tape."""
        if not self._loss_scales:
            return None
        self._build_for(variables)
        return tf.nest.map_structure(lambda each: self.scale_loss(tf.ones_like(each)), loss)

    @property
    def _loss_scales(self) -> list[Callable[[Any], Any]]:
        return [each.scale_loss for each in self._pipeline.processors.values() if hasattr(each, "scale_loss")]

    def aggregate_gradients(self, grads_and_vars: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Sum the gradients over all replicas; override it to aggregate in another way."""
        gradients, variables = zip(*grads_and_vars, strict=True)
        return list(zip(distribution.sum_over_replicas(gradients), variables, strict=True))
