"""Checkpoints that survive kills, damage and changed inputs.

`Checkpoints` saves and restores the values of a training loop, step by step, in a folder. All but that can be
had without TensorFlow: `saved_steps` and `latest_valid` tell what there is, and `SavedStep.verify` whether it
is whole.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .claim import Claim
from .identity import identity_of
from .manifest import Manifest, differences
from .steps import Latest, SavedStep, latest_valid, saved_steps

# Type checkers do not follow `__getattr__` below.
if TYPE_CHECKING:
    from .checkpoints import Checkpoints, Restored
    from .comparing import ValueDifference, value_differences

__all__ = [
    "Checkpoints",
    "Claim",
    "Latest",
    "Manifest",
    "Restored",
    "SavedStep",
    "ValueDifference",
    "differences",
    "identity_of",
    "latest_valid",
    "saved_steps",
    "value_differences",
]

_MODULES = {
    "Checkpoints": ".checkpoints",
    "Restored": ".checkpoints",
    "ValueDifference": ".comparing",
    "value_differences": ".comparing",
}


def __getattr__(name: str) -> Any:
    # They import TensorFlow, which takes seconds.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
