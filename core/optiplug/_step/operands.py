"""Operands of a step on one device: single variables, rows of a table, or packs of small variables.

The compiled core reads and assigns single variables itself. Of rows and packs it gets the values, and
returns the new ones. Gathering, scattering, joining and splitting are done outside: there XLA does not
compile for each number of rows, nor for a thousand operands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import Gradient, Tensor, Variable
from optiplug._variables.capture import Frame
from optiplug._variables.gradients import dense, in_range
from optiplug._variables.packing import Pack, VariableOrPack, assign_all
from optiplug._variables.share import Share
from optiplug.numerics import compute_dtype

from .plan import Plan
from .shares import Shares
from .step import Step

__all__ = ["DeviceOperands", "JoinedOperand", "Operand", "RowsOperand", "commit", "write"]


class Operand:
    """A variable with a dense gradient; base of the other operands."""

    def __init__(self, gradient: Tensor | None) -> None:
        self.gradient = gradient

    def gather(self) -> dict[int, Tensor]:
        """Return the values that the core needs, by the `id` of their variable or pack."""
        return {}

    def scatter(self, ends: Mapping[int, Tensor]) -> None:
        """Assign the new values, by the same ids."""


class JoinedOperand(Operand):
    """A pack; `members` are this device's own variables. Without gradients, hooks may still read it."""

    def __init__(self, pack: Pack, members: Sequence[Variable], gradients: Sequence[Tensor] = ()) -> None:
        self._pack, self._members = pack, members
        dtype = compute_dtype(pack.dtype)
        # Joined outside of the cluster: 1,000 variables take 4 ms, not 26 to 30 (docs/design/performance.md).
        super().__init__(pack.join(tf.cast(each, dtype) for each in gradients) if gradients else None)

    def gather(self) -> dict[int, Tensor]:
        return {id(self._pack): self._pack.join(map(tf.convert_to_tensor, self._members))}

    def scatter(self, ends: Mapping[int, Tensor]) -> None:
        if id(self._pack) in ends:
            values = self._pack.split(tf.cast(ends[id(self._pack)], self._pack.dtype))
            for member, value in zip(self._members, values, strict=True):
                member.assign(value, read_value=False)  # no operation that reads the new value back


class RowsOperand(Operand):
    """Distinct rows of one variable and of its state, and the gradient summed for each.

    `variables` are these by their ids. The core sees the rows as if they were the whole, so time
    and memory are those of the rows. Their number is rounded up to a power of two, with zero
    gradients for the rest: XLA compiles once for each size it meets.
    """

    def __init__(self, gradient: tf.IndexedSlices, variables: Mapping[int, Variable]) -> None:
        self._variables = variables
        table = next(iter(variables.values()))
        indices = in_range(gradient.indices, table)
        # Outside of the cluster: XLA cannot compile a number of rows that depends on values.
        self._indices, row_of = tf.unique(indices)
        size = _power_of_two_from(tf.size(indices))
        # Cast before the sum: 64 additions of 2^-10 to 1 change nothing in bfloat16 (the-compiled-step.md).
        values = tf.cast(gradient.values, compute_dtype(gradient.dtype))
        super().__init__(tf.math.unsorted_segment_sum(values, row_of, size))
        self._count = tf.size(self._indices)
        # Row 0 is read in the place of what is missing, and never written: `scatter` drops it.
        self._padded = tf.pad(self._indices, [[0, size - self._count]])

    def gather(self) -> dict[int, Tensor]:
        return {key: tf.gather(variable, self._padded) for key, variable in self._variables.items()}

    def scatter(self, ends: Mapping[int, Tensor]) -> None:
        for key, variable in self._variables.items():
            if key in ends:
                # Only the rows that were given; the padding would overwrite row 0 with a second value.
                rows = tf.cast(ends[key][: self._count], variable.dtype)
                variable.scatter_update(tf.IndexedSlices(rows, self._indices))


class DeviceOperands:
    """What the step of one device runs over, for one list of variables that have a gradient.

    `own` has this device's own variables, by the `id` of each distributed one, `index` is the place of its
    replica among all.
    """

    def __init__(
        self, plan: Plan, variables: Sequence[Variable], own: Mapping[int, Variable], index: int = 0
    ) -> None:
        self._plan, self._variables, self._own, self._now = plan, variables, own, own
        self.present, self.waiting, self.absent = plan.operands(variables)
        self.shares = Shares([*self.stepped, *self.absent], own, index)

    def begin(self, *, step: bool) -> None:
        """Begin a trace: of a `step`, which adds to what is on a parameter server, or of what assigns it."""
        self._now = self._plan.served(self._own) if step else self._own

    @property
    def stepped(self) -> list[VariableOrPack]:
        """What the core runs over: what has a gradient, and what may have one that was held back."""
        return [*self.present, *self.waiting]

    @property
    def joins(self) -> bool:
        """Whether anything happens outside of the core: packs are joined there, and shares."""
        return any(isinstance(each, Pack) for each in (*self.present, *self.absent))

    @property
    def components(self) -> dict[int, Variable]:
        """What a step may read and assign by itself: not the members of packs, nor their state."""
        stepped = (*self.present, *self.waiting, *self.absent)
        joined = {id(each): each for each in stepped if isinstance(each, Pack)}
        # Gates and clips see the whole of what is shared.
        packs = [pack for pack in joined.values() if not isinstance(pack, Share)]
        hidden = {id(member) for pack in packs for member in pack.members}
        segments = self._plan.table.segments.values()
        hidden |= {id(segment) for segment in segments if id(segment.pack) in joined}
        return {key: own for key, own in self._now.items() if key not in hidden}

    def over_shares(self, step: Step) -> Step:
        """Return a step that was begun over whole variables, over shares of them from now on."""
        return self.shares.step(step, self.stepped, [*self.stepped, *self.absent])

    def require_by_elements(self, frame: Frame) -> None:
        """Refuse a step that mixes elements of a share."""
        whole = [each for share in self.shares for each in self._plan.table.of_share(share.member)]
        self.shares.require_by_elements(frame, {id(each): self._own[id(each)] for each in whole})

    def with_gradients(self, gradients: Sequence[Gradient]) -> list[Operand]:
        """Return an operand for each of `present`."""
        given = {id(each): value for each, value in zip(self._variables, gradients, strict=True)}
        return [self._operand(each, given) for each in self.present]

    def joined(self, some: Iterable[VariableOrPack]) -> list[Operand]:
        """Return an operand without gradient for each pack among some: the step only looks at them."""
        return [self._joined(each) for each in some if isinstance(each, Pack) and not isinstance(each, Share)]

    def _operand(self, each: VariableOrPack, given: Mapping[int, Gradient]) -> Operand:
        if isinstance(each, Share):
            gradient = given[id(each.member)]
            return Operand(gradient if each.is_share(gradient) else dense(gradient, each.member))
        if isinstance(each, Pack):
            return self._joined(each, [dense(given[id(member)], member) for member in each.members])
        gradient = given[id(each)]
        with distribution.beside(self._own[id(each)]):
            if self._plan.lazy and isinstance(gradient, tf.IndexedSlices):
                rows = map(id, self._plan.table.rows_of(each))
                return RowsOperand(gradient, {key: self._now[key] for key in rows})
            return Operand(distribution.brought(dense(gradient, each), self._own[id(each)]))

    def _joined(self, pack: Pack, gradients: Sequence[Tensor] = ()) -> Operand:
        return JoinedOperand(pack, [self._own[id(member)] for member in pack.members], gradients)


def commit(frame: Frame, chosen: Callable[[int], bool] = bool) -> None:
    """Write what a step has assigned, each variable once, or what it has to those of chosen `id`s.

    All of it, or nothing: the first is written when every value is there and every check has passed.
    """
    values = frame.captured(chosen)
    with frame.effects.awaited([values, frame.ends]):
        write(values, frame.components)


def write(values: Mapping[int, Tensor], components: Mapping[int, Variable]) -> None:
    """Assign values to the components of the same `id`s."""
    assign_all((components[key], value) for key, value in values.items())


def _power_of_two_from(size: Tensor) -> Tensor:
    """Return the smallest power of two that is not below `size`, and 1 for 0."""
    # In float64, which holds every number of rows exactly.
    bits = tf.math.ceil(
        tf.math.log(tf.cast(tf.maximum(size, 1), tf.float64)) / tf.math.log(tf.constant(2.0, tf.float64))
    )
    power = tf.bitwise.left_shift(tf.constant(1, size.dtype), tf.cast(bits, size.dtype))
    return tf.maximum(power, size)  # where the logarithm was rounded down
