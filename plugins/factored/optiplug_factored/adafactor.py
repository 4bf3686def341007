"""Adafactor."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable, Working, numerics

from .config import AdafactorConfig

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adaptive step sizes from a second moment factored into rows and columns.

    With ``t = iterations + 1``, the root mean square ``rms`` and ``square = gradient^2 + epsilon_1``::

        decay         =  1 - max(t - decay_offset, 1)^beta_2_decay
        second_moment <- decay * second_moment + (1 - decay) * square
        update        =  gradient / sqrt(second_moment)
        update        <- update / max(1, rms(update) / clip_threshold)
        rate          =  min(learning_rate, 1 / sqrt(t)) * max(rms(variable), epsilon_2)
        variable      <- variable - rate * update

    A variable whose two longest axes both have `min_dim_size_to_factor` elements or more keeps two
    moving averages in place of the second moment: `row_moment` without the longest axis and
    `column_moment` without the second longest; of axes of one length the last counts as the longest.
    The second moment is then approximated by their outer product, divided by the mean of
    `row_moment` over its remaining one of the two axes.

    Without `relative_step` the rate is `learning_rate` as it is; without
    `multiply_by_parameter_scale` it is not multiplied by the RMS of the variable. With `momentum` the
    exponential moving average ``momentum * average + (1 - momentum) * rate * update`` is subtracted,
    without bias correction.

    State: the slots `row_moment` and `column_moment` of factored variables, `second_moment` of the
    others, with `momentum` also `momentum` of all. A factored matrix of n by m elements has n + m
    numbers of state without momentum. Variables must be real.

    Differs from
    ------------
    Keras, where `relative_step=False` changes nothing, the last two axes are factored whatever
    their lengths, and factored variables keep a full second moment too. optax has no
    `relative_step`, decays by its own `weight_decay_rate` without the learning rate, and gives NaN
    at steps before `decay_offset`, which are all like the first here.

    References
    ----------
    Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    arXiv:1804.04235.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([3.0, -3.0])
    >>> optimizer = Adafactor(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0]), variable)])
    >>> variable.numpy().tolist()
    [1.5, -1.5]
    """

    Config = AdafactorConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        factored = [each for each in self.own_variables if self._factored_axes(each)]
        others = [each for each in self.own_variables if not self._factored_axes(each)]
        self.row_moment = self.add_slot("row_moment", shape=self._row_shape, variables=factored)
        self.column_moment = self.add_slot("column_moment", shape=self._column_shape, variables=factored)
        self.second_moment = self.add_slot("second_moment", variables=others)
        if self.config.momentum != 0:
            self.momentum = self.add_slot("momentum")

    def _factored_axes(self, variable: Variable | Working) -> tuple[int, int] | None:
        """Return the second longest axis and the longest; None for a variable that is not factored."""
        lengths = variable.shape.as_list()
        # The sort is stable, so that of axes of one length the last is the longest.
        longest = sorted(range(len(lengths)), key=lengths.__getitem__)[-2:]
        if len(longest) < 2 or lengths[longest[0]] < self.config.min_dim_size_to_factor:
            return None
        return longest[0], longest[1]

    def _row_shape(self, variable: Variable) -> list[int]:
        _, longest = self._factored_axes(variable) or (0, 0)
        return _without(variable.shape.as_list(), longest)

    def _column_shape(self, variable: Variable) -> list[int]:
        second, _ = self._factored_axes(variable) or (0, 0)
        return _without(variable.shape.as_list(), second)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        update = self._normalized(gradient, variable)
        if self.config.clip_threshold is not None:
            threshold = self.scalar(self.config.clip_threshold, variable)
            update /= tf.maximum(tf.cast(_root_mean_square(update), update.dtype) / threshold, 1.0)
        update *= self._step_size(variable)
        if self.config.momentum != 0:
            # After the step size: the average holds each update with the rate of its own step.
            average, momentum = self.momentum[variable], self.scalar(self.config.momentum, variable)
            average.assign(momentum * average + (1 - momentum) * update)
            update = average
        variable.assign_sub(update)

    def _normalized(self, gradient: Tensor, variable: Working) -> Tensor:
        """Update the second moment, and return the gradient divided by its root."""
        # By one factor for all elements, as rows and columns compare them.
        gradient = numerics.limited_norm(gradient)
        square = tf.square(gradient) + self.scalar(self.config.epsilon_1, variable)
        axes = self._factored_axes(variable)
        if axes is None:
            moment = self.second_moment[variable]
            self._average(moment, square)
            return gradient / tf.sqrt(moment)
        second, longest = axes
        rows, columns = self.row_moment[variable], self.column_moment[variable]
        self._average(rows, tf.reduce_mean(square, longest))
        self._average(columns, tf.reduce_mean(square, second))
        remaining = second - 1 if second > longest else second
        # Two broadcast factors: the second moment itself is never formed, nor is there memory for it.
        scale = 1 / tf.sqrt(rows / tf.reduce_mean(rows, remaining, keepdims=True))
        return gradient * tf.expand_dims(scale, longest) * tf.expand_dims(1 / tf.sqrt(columns), second)

    def _average(self, moment: Working, square: Tensor) -> None:
        # Not `moment + weight * (square - moment)`: with a weight of 1 that loses all digits of a
        # square that is small beside the moment, and a zero under the root would follow.
        weight = self.once(self._weight, moment)
        moment.assign((1 - weight) * moment + weight * square)

    def _weight(self, dtype: DType) -> Tensor:
        t = tf.maximum(self.iterations + 1 - self.config.decay_offset, 1)
        return tf.pow(tf.cast(t, dtype), self.scalar(self.config.beta_2_decay, dtype))

    def _step_size(self, variable: Working) -> Tensor:
        rate = self.rate(variable)
        if self.config.relative_step:
            rate = tf.minimum(rate, self.once(self._largest_rate, variable))
        if self.config.multiply_by_parameter_scale:
            # The value before decoupled decay, which is to change the variable by nothing but itself.
            least = self.scalar(self.config.epsilon_2, variable)
            rate *= tf.maximum(tf.cast(_root_mean_square(variable.old), rate.dtype), least)
        return rate

    def _largest_rate(self, dtype: DType) -> Tensor:
        return 1 / tf.sqrt(tf.cast(self.iterations + 1, dtype))


def _without(lengths: Sequence[int], axis: int) -> list[int]:
    return [*lengths[:axis], *lengths[axis + 1 :]]


def _root_mean_square(x: Tensor) -> Tensor:
    # Of no elements it is 0, not 0 / 0.
    return numerics.global_norm([x], tf.float64) / max(x.shape.num_elements(), 1) ** 0.5
