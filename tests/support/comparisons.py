"""Comparisons as the command writes them, made by hand."""

from __future__ import annotations

import math

import numpy as np

from optiplug_compare.records import Comparison, Figure, Pair, Row, RunRecord

__all__ = ["comparison", "of", "row", "run"]

ACCURACY = Figure(name="accuracy", higher_is_better=True, target=0.9)


def run(seed=0, best=0.95, *, factor=1.0, ended="done", steps=200, every=10, problem=""):
    """Return a run whose accuracy rises to `best`; one that diverged does so in its middle."""
    random = np.random.default_rng([seed, int(1000 * best)])
    last = steps // 2 if ended == "diverged" else steps
    at = range(0, last + 1, every)
    figures = [(step, best - (best - 0.1) * math.exp(-4 * step / steps)) for step in at]
    figures = [(step, value + 0.01 * random.normal() * (step > 0)) for step, value in figures]
    losses = [(step, (1.1 - value) * math.exp(0.1 * random.normal())) for step, value in figures[1:]]
    if ended == "diverged":
        losses[-1] = (last, math.nan)
    return RunRecord(
        seed=seed,
        rate_factor=factor,
        folder=f"runs/{seed}",
        ended=ended,
        problem=problem,
        losses=losses,
        figures={"accuracy": figures},
        final={"accuracy": figures[-1][1]},
        seconds=0.01 * last,
        ms_per_step=10 * best,
    )


def row(name, *runs, **fields):
    """Return a row of these runs."""
    known = {"config": {"use": "adamw", "beta_1": 0.9}, "command": "optiplug train", "parameters": 100}
    return Row(**{**known, "name": name, "state_bytes": 800, "runs": runs, **fields})


def comparison(*rows, **fields):
    """Return a comparison of these rows."""
    known = {
        "title": "A comparison",
        "task": {"use": "digits"},
        "figure": ACCURACY,
        "versions": {"keras": "3"},
    }
    return Comparison(**{**known, "steps": 200, "batch_size": 128, "rows": rows, **fields})


def of(names, seeds=3, factors=()):
    """Return a comparison of rows with these names, each a little better than the one before."""
    best = np.linspace(0.6, 0.98, len(names))
    rows = [
        row(
            name,
            *(run(seed, each) for seed in range(seeds)),
            *(run(0, each - 0.05, factor=factor) for factor in factors),
        )
        for name, each in zip(names, best, strict=True)
    ]
    pairs = [
        Pair(first=first, second=second, difference=-0.1, p_value=0.01)
        for number, first in enumerate(names)
        for second in names[number + 1 :]
    ]
    return comparison(*rows, pairs=pairs)
