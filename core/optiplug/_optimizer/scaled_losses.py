"""Which losses were scaled, so that only their gradients are scaled back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary, WeakSet, ref

import tensorflow as tf

from optiplug._tf_private import with_outer
from optiplug._types import Tensor, Variable
from optiplug.errors import BuildError

__all__ = ["ScaledLosses"]

_REMEMBERED = 16  # scaled losses, which must not be scaled again


class ScaledLosses:
    """The scaled losses of one optimizer whose gradients no step has had yet.

    A tensor does not tell where it comes from. What is known is where a loss was scaled: eagerly, or in a
    function that was traced, and in which thread, as each replica of a strategy has one. One step may follow:
    after it the scale may be another.
    """

    def __init__(self) -> None:
        # Weak, so that a graph that nobody uses any more is freed. What is eager is kept under `self`.
        self._waiting: WeakKeyDictionary[Any, set[int]] = WeakKeyDictionary()
        self._stepped: WeakSet[Any] = WeakSet()
        self._results: deque[Any] = deque(maxlen=_REMEMBERED)
        self._computing: set[int] = set()

    def add(self, loss: Any) -> None:
        """Remember that this is a scaled loss."""
        for place in self._places():
            self._waiting.setdefault(place, set()).add(get_ident())
        self._results.extend(ref(each) for each in tf.nest.flatten(loss) if tf.is_tensor(each))

    @contextmanager
    def computing(self) -> Iterator[None]:
        """While a loss is computed that is scaled afterwards, no part of it may be scaled."""
        self._computing.add(get_ident())
        try:
            yield
        finally:
            self._computing.discard(get_ident())

    def require_unscaled(self, loss: Tensor, where: str) -> None:
        """Refuse to scale a loss again.

        Raises
        ------
        BuildError
            If it was scaled, or if `minimize` is going to.
        """
        known = any(each() is part for part in tf.nest.flatten(loss) for each in self._results)
        if known or get_ident() in self._computing:
            raise BuildError(
                "a loss is scaled once, and this one is scaled twice",
                where=where,
                received=loss,
                hint="hand the plain loss to `minimize` and `compute_gradients`, which scale it themselves",
            )

    def require_one(self, variables: Sequence[Variable], scaler: str, where: str) -> None:
        """Refuse a step with gradients of a loss that was not scaled.

        Raises
        ------
        BuildError
            If no loss was scaled since the last step.
        """
        places = self._places()
        # A step that is traced by itself may be given gradients that are computed eagerly.
        found = any(self._waiting.get(place) for place in (*places, self))
        # A function that only differentiates is traced once, and called before every step.
        if not found and not any(each is not self and each not in self._stepped for each in self._waiting):
            raise BuildError(
                f"{scaler!r} divides gradients by its scale, and no loss was multiplied by it since the last "
                "step",
                where=where,
                received=f"gradients of {[each.name for each in variables]}",
                hint="call `optimizer.minimize`, or differentiate `optimizer.scale_loss(loss)`, once for "
                f"each call of `apply_gradients`; if something else scales the loss, leave {scaler!r} out",
            )
        for place in (*places, *(() if self in places else (self,))):
            self._stepped.add(place)
            _take(self._waiting.get(place))

    def _places(self) -> list[Any]:
        """Return the graph that is traced and those around it, or what stands for eager execution."""
        return [self] if tf.executing_eagerly() else with_outer(tf.compat.v1.get_default_graph())


def _take(threads: set[int] | None) -> None:
    """Take out this thread, or any other if a loss was scaled in one that has ended."""
    if threads:
        threads.discard(get_ident() if get_ident() in threads else next(iter(threads)))
