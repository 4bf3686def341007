"""Checks of what may come as a gradient: rows of a table, any order, every dtype and shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug._config.base import NamedConfig

from .check import check, require
from .training import SHAPES, STEPS, Training, compare, gradients, reference, restarted, sliced

_STEPPED = ("optimizers", "processors")
_DTYPES = ("float16", "bfloat16", "float32", "float64")


@check(*_STEPPED)
def dense_equals_sparse(config: NamedConfig) -> None:
    """Gradients as `tf.IndexedSlices`, with duplicate rows, give what their dense sum gives."""
    actual = restarted(config, compiled=True).run(of=sliced).values()
    compare(actual, reference(config).values(), "with IndexedSlices")


@check(*_STEPPED)
def order_does_not_matter(config: NamedConfig) -> None:
    """Each variable ends the same, whatever the order of the variables."""
    training = Training(config, shapes={name: SHAPES[name] for name in reversed(SHAPES)}, jit_compile=False)
    compare(training.run().values(), reference(config).values(), "in reverse order", 1e-6)


@check(*_STEPPED)
def accepts_every_dtype(config: NamedConfig) -> None:
    """Half, single and double precision side by side stay finite, and double precision stays double."""
    shapes = dict.fromkeys(_DTYPES, (3, 2))
    training = _finite(config, shapes, dict(zip(_DTYPES, _DTYPES, strict=True)), jit_compile=False)
    for name, state in training.optimizer.state.states.items():
        asked = getattr(config, "state_dtype", None)
        own = name.endswith("/float64") and state.dtype.is_floating and not asked
        kept = state.dtype == tf.float64 or not own
        require(
            kept, "the state of a float64 variable must be float64", where=name, received=state.dtype.name
        )
    double = training.variables["float64"].numpy()
    rounded = (double == double.astype(np.float32)).all()
    require(not rounded, "a float64 variable must not pass through float32", received=double.tolist())


@check(*_STEPPED)
def accepts_every_shape(config: NamedConfig) -> None:
    """Scalars, tensors of rank 3 and variables of one element, or of none, are trained alike."""
    _finite(config, {"scalar": (), "empty": (0, 3), "one": (1,), "cube": (2, 3, 4)})


def _finite(
    config: NamedConfig,
    shapes: Mapping[str, tuple[int, ...]],
    dtypes: dict[str, str] | None = None,
    **fields: Any,
) -> Training:
    training = Training(config, shapes=shapes, dtypes=dtypes, **fields)
    training.run(of=lambda step: gradients(step, shapes))
    for name, value in training.values().items():
        finite = np.isfinite(np.asarray(value, np.float64)).all()
        require(finite, f"must be finite after {STEPS} steps", where=name, received=value.tolist())
    return training
