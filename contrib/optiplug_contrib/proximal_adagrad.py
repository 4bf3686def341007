"""Proximal Adagrad."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .configs.proximal_adagrad import ProximalAdagradConfig

__all__ = ["ProximalAdagrad"]


class ProximalAdagrad(Optimizer):
    """Adagrad with proximal L1 and L2 regularization, for sparse weights.

    For each element, with ``l1`` and ``l2`` the two regularization strengths::

        accumulator <- accumulator + gradient^2
        rate  = learning_rate / sqrt(accumulator)
        config = self.config
        if config.l1_regularization_strength == 0 and config.l2_regularization_strength == 0:
            variable.assign_sub(rate * gradient)
            return
        point = variable - rate * gradient
        variable <- sign(point) * max(|point| - rate * l1, 0) / (1 + rate * l2)

    The last line is the minimum over x of ``(x - point)^2 / 2 + rate * (l1 |x| + l2 x^2 / 2)``: the
    regularization is solved, not followed by its gradient, so elements come to rest at exactly zero.

    State: the slot `accumulator`. Variables must be real.

    References
    ----------
    Duchi and Singer 2009, "Efficient Learning using Forward-Backward Splitting", Advances in Neural
    Information Processing Systems 22. With the rates of Duchi, Hazan and Singer 2011, "Adaptive
    Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 12.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, 0.25])
    >>> optimizer = ProximalAdagrad(0.5, initial_accumulator_value=1.0, l1_regularization_strength=0.6)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.0, 0.0]), variable)])
    >>> print(variable.numpy().round(4))
    [0.7 0. ]
    """

    Config = ProximalAdagradConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slot."""
        super().build(var_list)
        self.accumulator = self.add_slot("accumulator", initial=self.config.initial_accumulator_value)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        accumulator, gradient = self.accumulator[variable], numerics.limited(gradient, terms=2**32)
        accumulator.assign_add(tf.square(gradient))
        rate = self.rate(variable) / tf.sqrt(accumulator)
        config = self.config
        if config.l1_regularization_strength == 0 and config.l2_regularization_strength == 0:
            variable.assign_sub(rate * gradient)
            return
        point = variable - rate * gradient
        if config.l1_regularization_strength != 0:
            threshold = rate * self.scalar(config.l1_regularization_strength, variable)
            # Soft thresholding, the proximal operator of the L1 norm.
            point = tf.sign(point) * tf.maximum(tf.abs(point) - threshold, 0)
        if config.l2_regularization_strength != 0:
            # Of both penalties together: the operators of L1 and then of L2, in this order.
            point /= 1 + rate * self.scalar(config.l2_regularization_strength, variable)
        variable.assign(point)
