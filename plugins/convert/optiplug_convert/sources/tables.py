"""All tables, by library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optiplug_convert.rules import Row, Unsupported

from .addons import ADDONS
from .addons_wrappers import WRAPPERS
from .keras import OPTIMIZERS as KERAS
from .keras_legacy import LEGACY_OPTIMIZERS
from .keras_schedules import ADDONS_SCHEDULES
from .model_garden import GARDEN
from .model_garden_schedules import RATES, WARMUPS
from .optax import OPTIMIZERS as OPTAX
from .optax_schedules import SCHEDULES
from .optax_transforms import AROUND, BEFORE, DIRECTIONS, UNSUPPORTED
from .optax_transforms import RATES as OPTAX_RATES
from .torch import OPTIMIZERS as TORCH
from .torch_schedulers import SCHEDULERS

__all__ = ["TABLES", "Table"]

Table = Mapping[str, Row | Unsupported]

TABLES: Mapping[str, Sequence[Table]] = {
    "keras": (KERAS,),
    "legacy": (LEGACY_OPTIMIZERS,),
    "addons": (ADDONS, {name: each.row for name, each in WRAPPERS.items()}, ADDONS_SCHEDULES),
    "model-garden": (GARDEN, RATES, WARMUPS),
    "torch": (TORCH, SCHEDULERS),
    "optax": (
        OPTAX,
        SCHEDULES,
        BEFORE,
        DIRECTIONS,
        OPTAX_RATES,
        {name: row for name, (_, row) in AROUND.items()},
        UNSUPPORTED,
    ),
}
"""What the page of the documentation shows, in its order."""
