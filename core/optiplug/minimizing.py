"""From a loss to gradients, and from the gradients of each replica to those of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from . import distribution
from .pairs import unwrapped

__all__ = ["Minimizing"]


class Minimizing:
    """Mixin of `Optimizer`: where gradients come from."""

    apply_gradients: Callable[..., Any]

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
        gradients = tape.gradient(loss, [unwrapped(variable) for variable in var_list])
        return list(zip(gradients, var_list, strict=True))

    def aggregate_gradients(self, grads_and_vars: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Sum the gradients over all replicas; override it to aggregate in another way."""
        gradients, variables = zip(*grads_and_vars, strict=True)
        return list(zip(distribution.sum_over_replicas(gradients), variables, strict=True))
