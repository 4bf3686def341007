"""The contestant of optax: one jitted function, all of whose state is donated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import optax

from .setups import Setup, is_matrix
from .timing import Contestant, started

__all__ = ["build"]


def build(values: list[Any], setup: Setup, factor: float | None) -> Contestant:
    """Build it; gradients are `factor` times the variables, or given if there is none."""
    # Copies, because JAX may share memory with NumPy, and what is donated is overwritten.
    variables = [jax.numpy.array(value, copy=True) for value in values]
    given = [jax.numpy.asarray(value) for value in values] if factor is None else []

    def make() -> Callable[[], None]:
        transform = _transform(setup)
        averages = [value.copy() for value in variables] if setup.averages else []
        held = [(variables, averages, transform.init(variables))]

        def step(state: Any, given: Any) -> Any:
            variables, averages, moments = state
            gradients = given or [factor * value for value in variables]
            updates, moments = transform.update(gradients, moments, variables)
            variables = optax.apply_updates(variables, updates)
            share = 1 - setup["ema_momentum"] if averages else 0
            averages = [a + share * (v - a) for a, v in zip(averages, variables, strict=bool(averages))]
            return variables, averages, moments

        compiled = jax.jit(step, donate_argnums=0)

        def run() -> None:
            held[0] = jax.block_until_ready(compiled(held[0], given))

        return run

    return started(make)


def _transform(setup: Setup) -> Any:
    if setup.vectors:
        transforms = {True: _transform(replace(setup, vectors=None)), False: _transform(setup.vectors)}
        return optax.multi_transform(transforms, _are_matrices)
    rate = setup["learning_rate"]
    if setup.optimizer == "sgd":
        return optax.sgd(rate, momentum=setup["momentum"])
    moments = {"b1": setup["beta_1"], "b2": setup["beta_2"], "eps": setup["epsilon"]}
    if setup.optimizer == "adam":
        return optax.adam(rate, **moments)
    mask = _are_matrices if setup.masked else None
    transform = optax.adamw(rate, **moments, weight_decay=setup["weight_decay"], mask=mask)
    if setup.clips:
        return optax.chain(optax.clip_by_global_norm(setup["global_clipnorm"]), transform)
    return transform


def _are_matrices(variables: list[Any]) -> list[bool]:
    return [is_matrix(variable.shape) for variable in variables]
