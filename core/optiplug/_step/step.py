"""The step, as optimizers and hooks see it while it is traced."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import tensorflow as tf

from optiplug._config.hyperparameters import Scalar
from optiplug._schedule import evaluate
from optiplug._types import DType, Tensor, Variable
from optiplug._variables.capture import Frame, Working, current_frame
from optiplug.errors import HookError

__all__ = ["Rate", "Step", "StepNumbers", "current_step", "open_step"]

Computed = TypeVar("Computed")
Rate = Scalar | Variable
"""Where a learning rate comes from: a number, a schedule, or the variable that holds it."""


class StepNumbers:
    """What all restricted views of one step share: counter, learning rates, gradients, and cached scalars.

    `rate_of` returns the learning rate of the variable with an `id`, and for None that of the optimizer;
    `changed` holds the rates that a hook has changed, as tensors. `given` tells of those that may have no
    gradient whether they have one. `decay_products` has, by the `id` of a schedule of a decay rate, the
    schedule and the state of its running product.
    """

    def __init__(
        self,
        iterations: Variable,
        rate_of: Callable[[int | None], Rate | None],
        decay_products: Mapping[int, tuple[Scalar, Variable]],
    ) -> None:
        self.iterations, self.rate_of, self.decay_products = iterations, rate_of, decay_products
        self.changed: dict[int, Tensor] = {}
        self.computed: dict[tuple[Any, DType], tuple[Any, Any]] = {}
        self.gradients: dict[int, Tensor] = {}
        self.given: dict[int, Tensor] = {}
        self.updating: Working | None = None


class Step:
    """One step on one device, as a hook sees it: its variables, learning rates and random seeds.

    `variables` are those that the hook applies to and that have a gradient, each a `Working`, parallel
    to the gradients. `iteration` counts the steps committed before this one (int64, 0 at the first
    step). `rate` and `scalar` return scalars in the dtype of a variable, `once` caches what all
    variables share, `seed` is for random numbers.

    Raises
    ------
    HookError
        If a learning rate is asked for without a variable and the optimizer has none of its own.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> class Shrink:
    ...     @optiplug.hookimpl
    ...     def decay(self, gradients, step):
    ...         for variable in step.variables:
    ...             variable.assign_sub(0.5 * step.rate(variable) * variable)
    ...         return gradients
    >>> weight = tf.Variable(2.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[Shrink()])
    >>> _ = optimizer.apply_gradients([(tf.constant(1.0), weight)])
    >>> float(weight)
    1.0
    """

    def __init__(
        self,
        frame: Frame,
        numbers: StepNumbers,
        present: Sequence[Variable],
        every: Sequence[Variable],
    ) -> None:
        self.frame, self.numbers = frame, numbers
        self._present, self._every = present, every

    @property
    def variables(self) -> list[Working]:
        """The variables that have a gradient in this call, parallel to the gradients."""
        return [self.frame.working(operand) for operand in self._present]

    @property
    def every_variable(self) -> list[Working]:
        """All variables the optimizer was built with, those without a gradient included."""
        return [self.frame.working(operand).unconditional() for operand in self._every]

    @property
    def given(self) -> list[Tensor | Literal[True]]:
        """Whether each of `variables` has a gradient: True, or a scalar boolean tensor for what is held back.

        Where gradients are held back, a variable may have had none in any of the calls. Its gradient is
        zero then, and what is assigned to it and its state does not count.
        """
        return [self.numbers.given.get(id(operand), True) for operand in self._present]

    @property
    def iteration(self) -> Tensor:
        """The number of steps committed before this one: a scalar int64 tensor."""
        # The old value: the counter grows before the commit, and the first step is step 0.
        return self.frame.working(self.numbers.iterations).old

    @property
    def gradients(self) -> list[Tensor]:
        """The gradients as they reached the optimizer, parallel to `variables`; from `update` on."""
        return [self.numbers.gradients[variable.key] for variable in self.variables]

    def give(self, variables: Sequence[Working], given: Sequence[Tensor]) -> set[int]:
        """Say of variables that may have no gradient whether they have one, and return their `id`s."""
        flags = {each.key: flag for each, flag in zip(variables, given, strict=True)}
        maybe = flags.keys() & self.numbers.given.keys()
        self.numbers.given |= {key: flags[key] for key in maybe}
        return maybe

    def rate(self, like: Working | Tensor | DType) -> Tensor:
        """Return the learning rate of this step as a scalar of the dtype of `like`.

        That is the one of a variable, if `like` is a variable, and else that of the optimizer.
        """
        key = getattr(like, "key", None)
        # Only changed rates are held for each variable: one rate for all is traced once.
        if key in self.numbers.changed:
            return tf.cast(self.numbers.changed[key], like.dtype)
        rate = self.numbers.rate_of(key)
        if rate is None:
            rule = "there is no learning rate for all variables: ask for that of a variable"
            raise HookError(rule, received=like)
        return self.scalar(rate, like)

    def change_rates(self, rates: Sequence[Tensor]) -> None:
        """Let `rate` return these from now on, one for each of `variables`."""
        self.numbers.changed = {each.key: rate for each, rate in zip(self.variables, rates, strict=True)}

    @contextmanager
    def updating(self, variable: Working) -> Iterator[None]:
        """Set the variable for a formula that asks for the learning rate without naming one."""
        self.numbers.updating = variable
        try:
            yield
        finally:
            self.numbers.updating = None

    def rate_of_formula(self, rate: Rate, dtype: DType) -> Tensor:
        """Return the rate of the variable that is being updated if a hook has changed it, else `rate`."""
        updating = self.numbers.updating
        if updating is not None and updating.key in self.numbers.changed:
            # A complex variable has a complex rate, and the formula asks for a real dtype.
            return tf.cast(tf.math.real(self.rate(updating)), dtype)
        return self.scalar(rate, dtype)

    def scalar(self, value: Rate, like: Working | Tensor | DType) -> Tensor:
        """Return a hyperparameter, be it a number or a schedule, at this step.

        The result is a scalar tensor in the dtype of `like`: a variable, a tensor or a dtype.
        """
        dtype = tf.as_dtype(getattr(like, "dtype", like))
        key = (id(value), dtype)
        if key not in self.numbers.computed:
            # `value` is kept beside the result so that its id stays its own while the step lives.
            # Not in the branch that may be traced just now: others read it too.
            with self.frame.branches.outside():
                self.numbers.computed[key] = (value, evaluate(value, self.iteration, dtype))
        return self.numbers.computed[key][1]

    def once(self, function: Callable[[DType], Computed], like: Working | Tensor | DType) -> Computed:
        """Return ``function(dtype)``, traced once in this step for all variables of the dtype of `like`."""
        dtype = tf.as_dtype(getattr(like, "dtype", like))
        # Bound methods of one object are equal, so the method itself is the key.
        if (function, dtype) not in self.numbers.computed:
            with self.frame.branches.outside():
                self.numbers.computed[function, dtype] = (function, function(dtype))
        computed: Computed = self.numbers.computed[function, dtype][1]
        return computed

    def seed(self, variable: Working, seed: int) -> Tensor:
        """Return a stateless seed (int32, shape [2]) that is unique for this seed, step and variable."""
        # Not `hash`, which differs between processes for texts. Stateless seeds are signed, hence 31 bits.
        salt = zlib.crc32(f"{seed}/{variable.path}".encode()) & 0x7FFFFFFF
        count = tf.cast(self.iteration, tf.int64)
        # An int32 holds only the lower half of the counter: without the upper one seeds would repeat.
        upper = tf.cast(count // 2**32, tf.int32)
        return tf.stack([tf.bitwise.bitwise_xor(salt, upper), tf.cast(count, tf.int32)])

    def log_decay_product(self, beta: Scalar) -> Tensor:
        """Return the logarithm of the product of a scheduled decay rate over all steps, this one included.

        Of two elements, the rate rounded to float32 and in float64: the weight ``1 - beta`` in a moment
        is that of the rate as it is rounded there.
        """
        _, state = self.numbers.decay_products[id(beta)]
        betas = tf.stack(
            [tf.cast(self.scalar(beta, dtype), tf.float64) for dtype in (tf.float32, tf.float64)]
        )
        # The old value: all variables share it, and `advance` is what assigns it.
        return self.frame.working(state).old + tf.math.log1p(betas - 1)

    def advance(self) -> None:
        """Count this step, also in the products of scheduled decay rates."""
        self.frame.working(self.numbers.iterations).assign_add(1)
        for beta, state in self.numbers.decay_products.values():
            self.frame.working(state).assign(self.log_decay_product(beta))

    def over(self, present: Sequence[Variable], every: Sequence[Variable], others: Mapping[int, int]) -> Step:
        """Return the same step over what stands for its variables from now on.

        `others` has the `id` of what that is by that of the variable: what is known of one holds for both.
        """
        for known in (self.numbers.changed, self.numbers.given):
            known |= {others[key]: value for key, value in known.items() if key in others}
        self.frame.step = Step(self.frame, self.numbers, present, every)
        step: Step = self.frame.step
        return step

    def restricted(self, chosen: Callable[[int], bool]) -> Step:
        """Return the same step, restricted to the variables whose `id` is chosen."""
        present, every = (
            [each for each in some if chosen(id(each))] for some in (self._present, self._every)
        )
        return Step(self.frame, self.numbers, present, every)


def open_step(
    frame: Frame, numbers: StepNumbers, present: Sequence[Variable], absent: Sequence[Variable]
) -> Step:
    """Begin the step of a frame, over what has a gradient and what has none."""
    frame.step = Step(frame, numbers, present, [*present, *absent])
    step: Step = frame.step
    return step


def current_step() -> Step | None:
    """Return the step being traced in this thread, or None outside of any."""
    frame = current_frame()
    return None if frame is None else frame.step
