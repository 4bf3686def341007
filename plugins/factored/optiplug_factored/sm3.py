"""SM3."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import SM3Config

__all__ = ["SM3"]


class SM3(Optimizer):
    """Adagrad with accumulators per row and column: SM3-II of the paper.

    An element of a matrix belongs to a row and to a column, and to one slice for each axis in
    general. With the accumulators of these slices::

        squares     =  min(accumulators of the slices of an element) + gradient^2
        accumulator <- max(squares of the elements of its slice)
        update      =  gradient / sqrt(squares + epsilon), and 0 where that is 0 / 0
        average     <- momentum * average + (1 - momentum) * update
        variable    <- variable - learning_rate * average

    A vector or a scalar has an accumulator for each element, so this is Adagrad there. If
    `momentum` is 0, the update itself is subtracted. The slot of `average` is called `momentum`.

    State: the slots `accumulator_0`, `accumulator_1` and so on, one for each axis and as long as
    that, and `momentum` unless it is 0. A matrix of n by m elements has n + m numbers of state
    without momentum. Variables must be real.

    Differs from
    ------------
    optax, which adds 1e-8 to the squares (here `epsilon`, 0 by default as in the paper) and takes
    no scalars.

    References
    ----------
    Anil, Gupta, Koren and Singer 2019, "Memory-Efficient Adaptive Optimization", arXiv:1901.11150.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = SM3(learning_rate=0.5, momentum=0.0)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().tolist()
    [0.5, -0.5]
    """

    Config = SM3Config

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.accumulators = tuple(
            self.add_slot(
                f"accumulator_{axis}",
                shape=partial(_along, axis),
                variables=[each for each in self.own_variables if axis < _covers(each)],
            )
            for axis in range(max(map(_covers, self.own_variables), default=0))
        )
        if self.config.momentum != 0:
            self.momentum = self.add_slot("momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        if variable.shape.num_elements() == 0:  # of which there is no maximum
            return
        gradient = numerics.limited(gradient, terms=2**32)
        squares = self._accumulated(gradient, variable)
        epsilon = self.scalar(self.config.epsilon, variable)
        # The paper has no epsilon, and defines 0 / 0, an element that never had a gradient, as 0.
        update = tf.math.divide_no_nan(gradient, tf.sqrt(squares + epsilon))
        if self.config.momentum != 0:
            average, momentum = self.momentum[variable], self.scalar(self.config.momentum, variable)
            average.assign(momentum * average + (1 - momentum) * update)
            update = average
        variable.assign_sub(self.rate(variable) * update)

    def _accumulated(self, gradient: Tensor, variable: Working) -> Tensor:
        """Update the accumulators, and return the upper bound of the sum of all squared gradients."""
        accumulators = [slot[variable] for slot in self.accumulators[: _covers(variable)]]
        if len(accumulators) == 1:
            (accumulator,) = accumulators
            accumulator.assign_add(tf.square(gradient))
            return accumulator
        axes = range(len(accumulators))
        spread = [_spread(accumulator, axis, len(axes)) for axis, accumulator in enumerate(accumulators)]
        squares = reduce(tf.minimum, spread) + tf.square(gradient)
        for axis, accumulator in enumerate(accumulators):
            accumulator.assign(tf.reduce_max(squares, [each for each in axes if each != axis]))
        return squares


def _covers(variable: Variable | Working) -> int:
    """Return how many accumulators each element has: one for each axis, and one for a scalar."""
    return max(int(variable.shape.rank), 1)


def _along(axis: int, variable: Variable) -> list[int]:
    lengths: list[int] = variable.shape.as_list()
    return lengths[axis : axis + 1]


def _spread(accumulator: Working, axis: int, rank: int) -> Tensor:
    """Return an accumulator in a shape that broadcasts to that of the variable."""
    return tf.reshape(accumulator, [-1 if each == axis else 1 for each in range(rank)])
