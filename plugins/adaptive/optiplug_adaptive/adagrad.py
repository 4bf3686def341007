"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import AdagradConfig

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Gradient divided by the root of the sum of its squares.

    ::

        accumulator <- accumulator + gradient^2
        variable    <- variable - learning_rate * gradient / sqrt(accumulator + epsilon)

    Elements whose gradient is mostly zero, such as the rows of an embedding, keep a large step.
    0 / 0 is 0: without epsilon and with an accumulator from 0, an element that never had a
    gradient stays as it is.

    State: the slot `accumulator`. For complex variables it is real, and ``gradient^2`` stands for
    ``|gradient|^2``.

    Differs from
    ------------
    The paper and torch, whose accumulator starts at 0 and whose epsilon is added outside the root.

    References
    ----------
    Duchi, Hazan and Singer 2011, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", Journal of Machine Learning Research 12.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Adagrad(learning_rate=0.5, initial_accumulator_value=0.0)
    >>> for _ in range(4):
    ...     _ = optimizer.apply_gradients([(tf.constant([2.0, 0.0]), variable)])
    >>> print(variable.numpy().round(4))  # 1 - (1 + 1 / sqrt(2) + 1 / sqrt(3) + 1 / sqrt(4)) / 2
    [-0.3922 -1.    ]
    """

    Config: ClassVar[type[AdagradConfig]] = AdagradConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slot."""
        super().build(var_list)
        initial = self.config.initial_accumulator_value
        self.accumulator = self.add_slot("accumulator", initial=initial, real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        accumulator, gradient = self.accumulator[variable], numerics.limited(gradient, terms=2**32)
        accumulator.assign_add(numerics.squared_magnitude(gradient))
        root = tf.cast(tf.sqrt(accumulator + self.config.epsilon), variable.dtype)
        # Epsilon and the initial accumulator may both be 0, as in the paper: 0 / 0 before the first gradient.
        variable.assign_sub(tf.math.divide_no_nan(self.rate(variable) * gradient, root))
