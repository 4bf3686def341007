"""Names for what Keras and `tf.data`, which are untyped, hand to callbacks."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Batches", "Callback", "Dataset", "KerasModel", "Logs"]

KerasModel: TypeAlias = Any
Callback: TypeAlias = Any
Logs: TypeAlias = Any
"""The figures of a batch or an epoch by name, or None."""
Dataset: TypeAlias = Any
Batches: TypeAlias = Any
"""An iterator over the batches of a `Dataset`."""
