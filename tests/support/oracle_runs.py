"""How far a plugin is from its oracle and from its peers, over 50 steps."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import optiplug
from references.case import Case, Peer
from references.sgd import SGD
from references.training import Array, train
from support.trajectories import follow, problem

RATE, MOMENTUM = 0.02, 0.9  # of the descent that processors are tried on

Trajectory = Sequence[Sequence[Array]]


def _collected(name: str) -> Iterator[Any]:
    folder = Path(__file__).parents[1] / "references"
    for path in sorted(folder.glob("*.py")):
        yield from getattr(importlib.import_module(f"references.{path.stem}"), name, ())


def cases() -> list[Case]:
    """Return the `CASES` of every file of references."""
    return list(_collected("CASES"))


def peers() -> list[Peer]:
    """Return the `PEERS` of every file of references."""
    return list(_collected("PEERS"))


def from_oracle(case: Case, dtype: str) -> float:
    """Return the largest deviation of a plugin from its oracle."""
    initial, gradients = problem(shapes=case.shapes)
    own = case.create_oracle()
    if kind_of(case.use) == "optimizers":
        theirs = train(own, [], initial, gradients)
    else:
        theirs = train(SGD(RATE, MOMENTUM), [own], initial, gradients)
    return deviation(follow(created(case), initial, gradients, dtype), theirs)


def from_peer(peer: Peer, dtype: str, **fields: Any) -> float:
    """Return the largest deviation of a plugin, with further `fields`, from the same in another package."""
    initial, gradients = problem(shapes=peer.shapes)
    their = peer.create()
    run = follow if hasattr(their, "apply_gradients") else follow_optax
    ours = follow(created(peer, **fields), initial, gradients, dtype)
    return deviation(ours, run(their, initial, gradients, dtype))


def kind_of(use: str) -> str:
    """Return whether a name is that of an optimizer or of a processor."""
    return next(kind for kind in ("optimizers", "processors") if use in names(kind))


def created(case: Case | Peer, **fields: Any) -> Any:
    """Return an optimizer with what a case describes: itself, or a processor around descent."""
    if kind_of(case.use) == "optimizers":
        return optiplug.create(case.use, **case.fields, **fields)
    processors = [{"use": case.use, **case.fields}]
    return optiplug.create("sgd", learning_rate=RATE, momentum=MOMENTUM, processors=processors, **fields)


@cache
def names(kind: str) -> set[str]:
    """Return the registered names of a kind."""
    return {entry.name for entry in optiplug.registry.entries(kind)}


def deviation(ours: Trajectory, theirs: Trajectory) -> float:
    """Return the largest difference, relative to the largest element of each variable, or to 1."""
    assert len(ours) == len(theirs) >= 50
    largest = 0.0
    for our, their in zip(ours, theirs, strict=True):
        for mine, other in zip(our, their, strict=True):
            assert np.shape(mine) == np.shape(other)
            assert np.isfinite(other).all()
            size = max(1.0, np.max(np.abs(other), initial=0.0))
            difference = np.max(np.abs(mine - other), initial=0.0) / size
            largest = max(largest, float(difference) if np.isfinite(difference) else np.inf)
    return largest


def follow_optax(
    transformation: Any, initial: Sequence[Array], gradients: Trajectory, dtype: str
) -> list[list[Array]]:
    """Return the variables after each update of an optax transformation."""
    import jax
    import optax

    with jax.enable_x64(dtype == "float64"):
        parameters = [jax.numpy.asarray(value, dtype) for value in initial]
        state, trajectory = transformation.init(parameters), []

        @jax.jit
        def step(given: Any, state: Any, parameters: Any) -> Any:
            updates, state = transformation.update(given, state, parameters)
            return optax.apply_updates(parameters, updates), state

        for present in gradients:
            given = [jax.numpy.asarray(each, dtype) for each in present]
            parameters, state = step(given, state, parameters)
            trajectory.append([np.asarray(each, np.float64) for each in parameters])
    return trajectory
