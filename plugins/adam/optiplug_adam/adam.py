"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Moments, Tensor, Variable, Working

from .config import AdamConfig, AdamWConfig

__all__ = ["Adam", "AdamW"]


class Adam(Moments):
    """Adaptive step sizes from the first and second moments of the gradient.

    With ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        rate          =  learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t)
        variable      <- variable - rate * momentum / (sqrt(second_moment) + epsilon)

    This is the form before section 2.1 of the paper, and Keras'. With ``epsilon_form="paper"``
    epsilon is that of Algorithm 1, ``m_hat / (sqrt(v_hat) + epsilon)``, and torch's and optax':
    `epsilon` above is multiplied by ``sqrt(1 - beta_2^t)``. With `amsgrad` the largest
    `second_moment` so far, before bias correction, takes its place in the last line. With ``epsilon=0`` an
    element that never had a gradient stays as it is.

    State: the slots `momentum` and `second_moment`, with `amsgrad` also `second_moment_max`.
    For complex variables ``gradient^2`` is ``|gradient|^2``, and these two are real.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980.
    Reddi, Kale and Kumar 2018, "On the Convergence of Adam and Beyond", arXiv:1904.09237.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = Adam(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.5, -0.5]
    """

    Config: ClassVar[type[AdamConfig]] = AdamConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        if self.config.amsgrad:
            self.second_moment_max = self.add_slot("second_moment_max", real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        m, v = self.update_moments(gradient, variable)
        if self.config.amsgrad:
            largest = self.second_moment_max[variable]
            largest.assign(tf.maximum(largest, v))
            v = largest
        # The corrections as factors of rate and epsilon: moments that were divided by them would be two more
        # divisions of each element.
        correction, epsilon = self.once(self._correction_and_epsilon, v)
        rate = self.rate(variable) * tf.cast(correction, variable.dtype)
        root = tf.cast(tf.sqrt(v) + epsilon, variable.dtype)
        # Only without an epsilon is 0 / 0 possible; testing for it costs a comparison of each element.
        divide = tf.divide if self.config.epsilon > 0 else tf.math.divide_no_nan
        variable.assign_sub(divide(m * rate, root))

    def _correction_and_epsilon(self, dtype: DType) -> tuple[Tensor, Tensor]:
        correction_1, correction_2 = self.bias_corrections(dtype)
        root = tf.sqrt(correction_2)
        epsilon = self.config.epsilon * (root if self.config.epsilon_form == "paper" else tf.ones([], dtype))
        return root / correction_1, epsilon


class AdamW(Adam):
    """Adam with decoupled weight decay.

    ``variable <- variable - variable * weight_decay * learning_rate``, then the update of `Adam`.
    Everything else is as in `Adam`. ``exclude_from_weight_decay=["*bias"]`` exempts variables.

    Raises
    ------
    ConfigError
        If a glob of `exclude_from_weight_decay` matches no variable.

    References
    ----------
    Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", arXiv:1711.05101.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable(2.0)
    >>> optimizer = AdamW(learning_rate=0.5, weight_decay=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant(0.0), variable)])
    >>> print(variable.numpy())
    1.5
    """

    Config = AdamWConfig
