"""COCOB-Backprop: coin betting."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .configs.cocob import COCOBConfig

__all__ = ["COCOB"]


class COCOB(Optimizer):
    """Coin betting on each element, without a learning rate to tune.

    Each element is a gambler who bets on the sign of its next gradient. For each element::

        g = learning_rate * gradient
        scale        <- max(scale, |g|, epsilon)
        absolute_sum <- absolute_sum + |g|
        sum          <- sum - g
        reward       <- max(reward - g * bet, 0)
        bet <- sum / scale * (scale + reward) / max(absolute_sum + scale, alpha * scale)
        variable <- variable + new bet - old bet

    So `bet` is how far the variable is from where it started, but for what decay and others do.

    State: the slots `scale`, `absolute_sum`, `gradient_sum`, `reward` and `bet`. Variables must be
    real.

    Differs from
    ------------
    The paper, which has no learning rate; it is here, as in optax, so that a schedule has something
    to act on. optax keeps the start of each variable and sets ``variable = start + bet``, which
    undoes what weight decay, averaging and others did to the variable; TensorFlow Addons keeps the
    bet as here.

    References
    ----------
    Orabona and Tommasi 2017, "Training Deep Networks without Learning Rates Through Coin Betting",
    arXiv:1705.07795, Algorithm 2.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = COCOB(alpha=2.0)
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant([1.0, -3.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.0, 0.0]
    """

    Config = COCOBConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.scale = self.add_slot("scale")
        self.absolute_sum = self.add_slot("absolute_sum")
        self.gradient_sum = self.add_slot("gradient_sum")
        self.reward = self.add_slot("reward")
        self.bet = self.add_slot("bet")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        scale, absolute_sum = self.scale[variable], self.absolute_sum[variable]
        gradient_sum, reward, bet = self.gradient_sum[variable], self.reward[variable], self.bet[variable]
        gradient = numerics.limited(gradient * self.rate(variable), power=1, terms=2**32)
        size = tf.abs(gradient)
        # Here and not as the initial value of the slot, as half precision has no 1e-8.
        scale.assign(tf.maximum(scale, tf.maximum(size, self.config.epsilon)))
        absolute_sum.assign_add(size)
        gradient_sum.assign_sub(gradient)
        kept = tf.maximum(reward - gradient * bet, 0)
        bound = tf.maximum(absolute_sum + scale, self.scalar(self.config.alpha, variable) * scale)
        placed = gradient_sum / scale * ((scale + kept) / bound)
        # Nothing is added, but these two come after what reads the old ones: XLA would copy them otherwise.
        reward.assign(kept + 0 * placed)
        variable.assign_add(placed - bet)
        bet.assign(placed + 0 * (variable + reward))
