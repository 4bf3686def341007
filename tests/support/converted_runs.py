"""Runs of a converted config, beside the optimizer that it was converted from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from optiplug_convert import convert
from references.training import Array

__all__ = ["NAMES", "STEPS", "follow", "follow_optax", "gradients", "ours", "trained", "variables"]

SHAPES = {"dense/kernel": (4, 3), "dense/bias": (3,), "embedding/table": (3, 4)}
NAMES = tuple(SHAPES)
STEPS = 10


def variables(create: Callable[..., Any] = tf.Variable, dtype: str = "float64") -> list[Any]:
    """Return variables, which start alike each time."""
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=shape).astype(dtype) for name, shape in SHAPES.items()}
    flat = create is not tf.Variable
    return [create(value, name=name.replace("/", "_") if flat else name) for name, value in values.items()]


def gradients(step: int) -> list[Array]:
    """Return gradients of changing size and sign, none near 0."""
    generator = np.random.default_rng(step + 1)
    size = 10.0 ** (step % 3 - 1)
    return [
        generator.choice([-1, 1], shape) * generator.uniform(0.5, 1.5, shape) * size
        for shape in SHAPES.values()
    ]


def trained(optimizer: Any, model: Sequence[Any], steps: Iterable[int], scale: float = 1.0) -> list[Array]:
    """Take steps, and return the values after the last one."""
    for step in steps:
        if isinstance(optimizer, optiplug.Optimizer) and scale != 1:
            optimizer.build(model)
            optimizer.scale_loss(tf.constant(1.0))
        each = [tf.constant(gradient * scale, model[0].dtype) for gradient in gradients(step)]
        optimizer.apply_gradients(list(zip(each, model, strict=True)))
    return [np.asarray(each) for each in model]


def ours(form: Mapping[str, Any], **more: Any) -> optiplug.Optimizer:
    """Return the optimizer that a description, as a file has it, is converted to."""
    told = convert(json.loads(json.dumps(form)))
    return optiplug.from_config({**told.fields, "jit_compile": False, **more})


def follow(
    theirs: Any,
    form: Mapping[str, Any],
    create: Callable[..., Any] = tf.Variable,
    *,
    scale: float = 1.0,
    dtype: str = "float64",
) -> tuple[list[Array], list[Array]]:
    """Return the values of both after so many steps."""
    beside, alone = variables(create, dtype), variables(create, dtype)
    return (
        trained(ours(form), beside, range(STEPS), scale),
        trained(theirs, alone, range(STEPS), scale),
    )


@contextmanager
def _double() -> Any:
    import jax

    with jax.enable_x64(True):
        yield


def follow_optax(theirs: Any, form: Mapping[str, Any]) -> tuple[list[Array], list[Array]]:
    """Return the values of both, with a transformation of optax in double precision."""
    import jax.numpy as jnp
    import optax

    mine = trained(ours(form), variables(), range(STEPS))
    with _double():
        values = [jnp.asarray(each.numpy()) for each in variables()]
        state = theirs.init(values)
        for step in range(STEPS):
            updates, state = theirs.update([jnp.asarray(each) for each in gradients(step)], state, values)
            values = optax.apply_updates(values, updates)
        return mine, [np.asarray(each) for each in values]
