"""The base of objects that a class written for `tf.Variable` takes for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import tensorflow as tf

from optiplug._types import Tensor, Variable
from optiplug.errors import HookError

from .tensor_like import BINARY, TensorLike

__all__ = ["REFUSED", "VariableLike"]

REFUSED = {
    "SaveSliceInfo": "state is saved by `tf.train.Checkpoint` of the optimizer",
    "batch_scatter_update": "use `scatter_nd_update(indices, updates)`",
    "count_up_to": "use `assign_add`, and `tf.where` for the limit",
    "create": "it is initialized when it is created",
    "eval": "use the value as a tensor",
    "from_proto": "state is saved by `tf.train.Checkpoint` of the optimizer",
    "graph": "a step is a function and needs no graph by name",
    "handle": "use `read_value()` and `assign`",
    "initial_value": "keep it in a slot: `add_slot(name, initial='variable')`",
    "initialized_value": "use `read_value()`: it is initialized when it is created",
    "initializer": "it is initialized when it is created",
    "load": "use `assign`",
    "op": "use the value as a tensor",
    "set_shape": "use `tf.ensure_shape(variable, shape)`",
    "to_proto": "state is saved by `tf.train.Checkpoint` of the optimizer",
}
"""Members of `tf.Variable` that make no sense here, each with what to write instead."""


class _RefusedMemberError(HookError, AttributeError):
    """Also an AttributeError, so that code that asks `hasattr` first goes on as it would without."""


class VariableLike(TensorLike):
    """A tensor to which values can be assigned: what `tf.Variable` has, in terms of reading and assigning."""

    @property
    def path(self) -> str:
        """The unique name of what it is."""
        raise NotImplementedError

    @property
    def _kept(self) -> Variable | None:
        """The variable in memory; None if that is several."""
        raise NotImplementedError

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> VariableLike:
        """Replace the value; the arguments after the first are those of `tf.Variable` and unused."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name that the `tf.Variable` of this path has, which classes written for Keras go by."""
        return f"{self.path}:0"

    # What Keras calls it by; the private name of TensorFlow is in classes written for it.
    @property
    def _shared_name(self) -> str:
        return self.path

    @property
    def trainable(self) -> bool:
        """Whether it is a trainable variable of a model; state is not."""
        return True if self._kept is None else bool(self._kept.trainable)

    @property
    def device(self) -> str:
        """The device of the variable; empty if it stands for several."""
        return "" if self._kept is None else str(self._kept.device)

    @property
    def synchronization(self) -> tf.VariableSynchronization:
        """How TensorFlow keeps it the same on all devices."""
        return getattr(self._kept, "synchronization", tf.VariableSynchronization.AUTO)

    @property
    def aggregation(self) -> tf.VariableAggregation:
        """How TensorFlow joins what several devices assign."""
        return getattr(self._kept, "aggregation", tf.VariableAggregation.NONE)

    @property
    def constraint(self) -> Callable[[Tensor], Tensor] | None:
        """The function that TensorFlow has values of the variable go through, if any."""
        return getattr(self._kept, "constraint", None)

    def ref(self) -> Any:
        """Return the hashable reference of the variable.

        Raises
        ------
        HookError
            If it stands for several small variables.
        """
        if self._kept is None:
            raise HookError(
                "small variables that are joined to one have no reference",
                where=self.path,
                hint="use a slot, `slot[variable]`, or `pack_small_variables=False`",
            )
        return self._kept.ref()

    def experimental_ref(self) -> Any:
        """Return the same, under its old name."""
        return self.ref()

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Return True, as a tensor: it has its value from the beginning."""
        return tf.constant(True)

    def read_value_no_copy(self) -> Tensor:
        """Return the current value as a tensor."""
        return self.read_value()

    def sparse_read(self, indices: Tensor, name: str | None = None) -> Tensor:
        """Return some of the rows."""
        return tf.gather(self.read_value(), indices)

    def gather_nd(self, indices: Tensor, name: str | None = None) -> Tensor:
        """Return what is at some places."""
        return tf.gather_nd(self.read_value(), indices)

    def assign_add(
        self, delta: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> VariableLike:
        """Add `delta` to the value."""
        return self.assign(self.read_value() + tf.cast(delta, self.dtype))

    def assign_sub(
        self, delta: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> VariableLike:
        """Subtract `delta` from the value."""
        return self.assign(self.read_value() - tf.cast(delta, self.dtype))

    def scatter_add(
        self, sparse_delta: tf.IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> VariableLike:
        """Add the rows of a `tf.IndexedSlices`."""
        return self.assign_add(self._dense(sparse_delta))

    def scatter_sub(
        self, sparse_delta: tf.IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> VariableLike:
        """Subtract the rows of a `tf.IndexedSlices`."""
        return self.assign_sub(self._dense(sparse_delta))

    def _dense(self, sparse_delta: tf.IndexedSlices) -> Tensor:
        # Slices need not know the shape that they are of.
        rows, values = _rows(sparse_delta, self)
        return tf.scatter_nd(rows, values, tf.shape(self.read_value(), rows.dtype))

    def __iter__(self) -> NoReturn:
        # Without this method Python would ask for the rows one by one, and never find an end.
        raise HookError("a variable cannot be iterated over", where=self.path, hint="use `tf.unstack`")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise HookError(
            "a variable of an optimizer cannot be copied", where=self.path, hint="use `read_value()`"
        )


def _rows(delta: tf.IndexedSlices, like: VariableLike) -> tuple[Tensor, Tensor]:
    """Return the places and the values of the rows of a `tf.IndexedSlices`."""
    if not isinstance(delta, tf.IndexedSlices):
        raise HookError(
            "rows must be a tf.IndexedSlices",
            where=like.path,
            received=delta,
            hint="`scatter_nd_update(indices, updates)` takes tensors",
        )
    return tf.expand_dims(tf.convert_to_tensor(delta.indices), -1), tf.cast(delta.values, like.dtype)


def _scattered(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Any:
    def scatter(
        self: VariableLike,
        sparse_delta: tf.IndexedSlices,
        use_locking: bool = False,  # noqa: ARG001
        name: str | None = None,  # noqa: ARG001
    ) -> VariableLike:
        """Change the rows of a `tf.IndexedSlices`."""
        return self.assign(change(self.read_value(), *_rows(sparse_delta, self)))

    return scatter


def _scattered_nd(change: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Any:
    def scatter(
        self: VariableLike,
        indices: Tensor,
        updates: Tensor,
        name: str | None = None,  # noqa: ARG001
    ) -> VariableLike:
        """Change what is at some places."""
        return self.assign(change(self.read_value(), indices, tf.cast(updates, self.dtype)))

    return scatter


def _product(value: Tensor, rows: Tensor, factors: Tensor) -> Tensor:
    # A row that is named twice is multiplied twice; one that is not named, by the empty product 1.
    return tf.math.unsorted_segment_prod(factors, rows[:, 0], tf.shape(value)[0])


_SCATTERED = {
    "update": tf.tensor_scatter_nd_update,
    "max": tf.tensor_scatter_nd_max,
    "min": tf.tensor_scatter_nd_min,
    "mul": lambda value, *rows: value * _product(value, *rows),
    "div": lambda value, *rows: value / _product(value, *rows),
}
_SCATTERED_ND = {
    **{name: _SCATTERED[name] for name in ("update", "max", "min")},
    "add": tf.tensor_scatter_nd_add,
    "sub": tf.tensor_scatter_nd_sub,
}


def _refused_in_place(name: str) -> Any:
    def refuse(self: VariableLike, _: Tensor) -> NoReturn:
        # Python would give the name another value, and the variable would silently keep its own.
        raise HookError(
            "a variable cannot be changed by an operator",
            where=self.path,
            received=f"__i{name}__",
            hint="use `assign`, `assign_add` or `assign_sub`",
        )

    refuse.__name__ = f"__i{name}__"
    return refuse


def _refused(name: str, hint: str) -> property:
    def refuse(self: VariableLike) -> NoReturn:
        rule = f"`{name}` of a tf.Variable cannot be used in an optimizer"
        raise _RefusedMemberError(rule, where=self.path, hint=hint)

    return property(refuse, doc=f"Refused: {hint}.")


for _name, _change in _SCATTERED.items():
    setattr(VariableLike, f"scatter_{_name}", _scattered(_change))
for _name, _change in _SCATTERED_ND.items():
    setattr(VariableLike, f"scatter_nd_{_name}", _scattered_nd(_change))
for _name, _hint in REFUSED.items():
    setattr(VariableLike, _name, _refused(_name, _hint))
for _name in (*BINARY, "realdiv"):
    setattr(VariableLike, f"__i{_name}__", _refused_in_place(_name))
