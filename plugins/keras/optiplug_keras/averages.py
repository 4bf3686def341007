"""The averages of the weights, for the callback of Keras that swaps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optiplug
from optiplug import Variable, registry

__all__ = ["averages_of"]


def averages_of(optimizer: optiplug.Optimizer, variables: Sequence[Variable]) -> list[Any]:
    """Return the average that the processor `ema` keeps of each variable, as what can be assigned.

    Raises
    ------
    ConfigError
        If it keeps none of some variable, or one of another dtype.
    """
    kind = registry.get("processors", "ema")
    emas = [each for each in optimizer.processors if isinstance(getattr(each, "config", None), kind)]
    found = [next((ema.average[each] for ema in emas if each in ema.average), None) for each in variables]
    lacking = [
        optimizer.path(each)
        for each, average in zip(variables, found, strict=True)
        if average is None or average.dtype != each.dtype
    ]
    if lacking:
        raise optiplug.ConfigError(
            "Keras' `SwapEMAWeights` needs an average of each variable, in its dtype, that `ema` keeps",
            where=optimizer.name,
            received=lacking,
            hint="compile with `use_ema=True`, or use `with model.optimizer.optimizer.averaged_weights():`",
        )
    # Within a strategy Keras asks for the variable of each device, which a state does not have.
    return [each.variable for each in found if each is not None]
