"""Building an optimizer for the sake of knowing what state it would have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from optiplug._state.dry_run import plan_only
from optiplug._state.stateful import Stateful

from .keras_api import KerasNames

__all__ = ["Rehearsal"]


class Rehearsal(KerasNames):
    """Mixin of `Optimizer`: the same optimizer built on any variables, with nothing created."""

    _added: list[Any]
    add_processor: Callable[[Any], None]
    build: Callable[[Sequence[Any]], None]
    _made_by_config: bool

    def _rehearsed(self, variables: Iterable[Any]) -> Self:
        """Return an optimizer like this one, built on `variables` with plans in place of its state."""
        with plan_only():
            twin: Self = self._twin()
            for processor in self._added:
                twin.add_processor(_detached(processor))
            twin._excluded.extend(self._excluded)
            twin.build(list(variables))
        return twin

    def _twin(self) -> Any:
        if not self._made_by_config:
            return type(self).from_config(self.get_config())
        processors = tuple(map(_detached, self.config.processors))
        kind: Callable[[Any], Any] = type(self)
        return kind(self.config.model_copy(update={"processors": processors}))


def _detached(processor: Any) -> Any:
    return processor.detached() if isinstance(processor, Stateful) else processor
