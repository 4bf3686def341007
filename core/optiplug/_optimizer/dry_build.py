"""A build that creates no variables, to know what state an optimizer would have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from optiplug._state.dry_run import dry_run
from optiplug._state.stateful import Stateful
from optiplug._types import Variable

from .parts import OptimizerParts, parts_of

__all__ = ["dry_built"]


def dry_built(parts: OptimizerParts, variables: Iterable[Variable], config: Any = None) -> OptimizerParts:
    """Return the parts of an optimizer like this one, built on `variables` with its state only planned.

    Another `config` than its own is for classes without a constructor of their own.
    """
    with dry_run():
        twin = parts_of(_twin(parts, parts.config if config is None else config))
        # Not in the config, so the copy does not have them yet.
        for processor in parts.added:
            twin.add_processor(_detached(processor))
        # Before `build`, where weight decay is limited to the other variables.
        twin.exclusions.add_all(parts.exclusions)
        twin.optimizer.build(list(variables))
    return twin


def _twin(parts: OptimizerParts, config: Any) -> Any:
    cls: Any = type(parts.optimizer)
    if not parts.made_by_config:
        # Its own constructor may take anything; `get_config` is what Keras asks such a class for.
        return cls.from_config(parts.optimizer.get_config())
    # A processor belongs to one optimizer: the original would refuse to be attached to a copy.
    processors = tuple(map(_detached, config.processors))
    return cls(config.model_copy(update={"processors": processors}))


def _detached(processor: object) -> object:
    return processor.detached() if isinstance(processor, Stateful) else processor
