"""Hyperparameters with which each schedule is tried, by its registered name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, product
from typing import Any

from hypothesis import strategies as st

COSINE = {"use": "cosine", "initial_learning_rate": 0.5, "decay_steps": 47}
STAIRS = {
    "use": "exponential",
    "initial_learning_rate": 0.25,
    "decay_steps": 7,
    "decay_rate": 0.5,
    "staircase": True,
}

# 41 and 47 are such that n * (1 / n) is not 1 in float32.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "constant": [{"value": 0.3}, {"value": 0}],
    "exponential": [
        {"initial_learning_rate": 0.1, "decay_steps": steps, "decay_rate": rate, "staircase": staircase}
        for steps, rate, staircase in product([1, 41, 100, 1000 / 128], [0.96, 1.0001], [False, True])
    ]
    + [
        {
            "initial_learning_rate": 0.1,
            "decay_steps": 41,
            "decay_rate": rate,
            "transition_begin": 10,
            "end_learning_rate": 0.05,
        }
        for rate in (0.5, 1.5)
    ],
    "polynomial": [
        {
            "initial_learning_rate": 0.1,
            "decay_steps": steps,
            "end_learning_rate": 0.01,
            "power": power,
            "cycle": cycle,
        }
        for steps, power, cycle in product([1, 41, 100, 12.8], [0.5, 1.0, 3.0], [False, True])
    ],
    "piecewise_constant": [
        {"boundaries": [1, 41, 90], "values": [1.0, 0.5, 0.0, 0.1]},
        {"boundaries": [], "values": [0.7]},
        {"boundaries": [0.5, 2.5], "values": [0.7, 0.5, 0.1]},
    ],
    "piecewise_interpolate": [
        {"boundaries": [1, 41, 90], "values": [1.0, 0.5, 0.0, 0.1], "shape": shape}
        for shape in ("linear", "cosine")
    ]
    + [{"boundaries": [], "values": [0.7]}],
    "power_decay": [
        {"initial_learning_rate": 0.1, "power": -0.5},
        {"initial_learning_rate": 0.1, "power": 1.0, "offset": 41},
        {"initial_learning_rate": 0.5, "power": -0.7, "offset": 10, "pre_offset_learning_rate": 0.2},
    ],
    "inverse_time": [
        {"initial_learning_rate": 0.1, "decay_steps": steps, "decay_rate": 0.7, "staircase": staircase}
        for steps, staircase in product([1, 41, 100, 33.3], [False, True])
    ],
    "cosine": [
        {"initial_learning_rate": 0.1, "decay_steps": 41},
        {"initial_learning_rate": 0.1, "decay_steps": 100, "alpha": 0.1},
        {"initial_learning_rate": 0.1, "decay_steps": 41.5, "alpha": 0.1, "exponent": 3.0},
        {"initial_learning_rate": 0.0, "decay_steps": 47, "warmup_target": 0.1, "warmup_steps": 7.5},
        {"initial_learning_rate": 0.0, "decay_steps": 47, "warmup_target": 0.1, "warmup_steps": 41},
        {
            "initial_learning_rate": 0.2,
            "decay_steps": 10,
            "warmup_target": 0.1,
            "warmup_steps": 5,
            "alpha": 0.3,
        },
    ],
    "cosine_restarts": [
        {"initial_learning_rate": 0.1, "first_decay_steps": 10},
        {"initial_learning_rate": 0.1, "first_decay_steps": 1, "alpha": 0.1},
        {"initial_learning_rate": 0.1, "first_decay_steps": 41, "t_mul": 1.0, "m_mul": 0.9},
        {"initial_learning_rate": 0.1, "first_decay_steps": 1, "t_mul": 3.0, "m_mul": 0.5, "alpha": 0.01},
        {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.1, "m_mul": 1.1},
        {"initial_learning_rate": 0.1, "first_decay_steps": 8, "t_mul": 1.5},
        {"initial_learning_rate": 0.1, "first_decay_steps": 12.8, "t_mul": 1.0},
        {"initial_learning_rate": 0.1, "first_decay_steps": 12.8, "t_mul": 2.0},
    ],
    "linear": [
        {"initial_learning_rate": 0.1, "transition_steps": 41},
        {"initial_learning_rate": 0.0, "transition_steps": 1, "end_learning_rate": 0.3},
        {
            "initial_learning_rate": 0.0,
            "transition_steps": 47,
            "end_learning_rate": 0.1,
            "transition_begin": 41,
        },
    ],
    "inverse_sqrt": [
        {"peak_learning_rate": 0.1},
        {"peak_learning_rate": 0.1, "warmup_steps": 41},
        {"peak_learning_rate": 0.1, "warmup_steps": 1},
    ],
    "cyclical": [
        {
            "initial_learning_rate": low,
            "maximal_learning_rate": high,
            "step_size": size,
            "mode": mode,
            "gamma": 0.97 if mode == "exp_range" else 1.0,
        }
        for (low, high), size, mode in product(
            [(0.01, 0.1), (0.1, 0.0)], [1, 10, 41], ["triangular", "triangular2", "exp_range"]
        )
    ],
    "rex": [
        {"initial_learning_rate": 0.1, "decay_steps": 41},
        {"initial_learning_rate": 0.1, "decay_steps": 100, "end_learning_rate": 0.01},
        {"initial_learning_rate": 0.1, "decay_steps": 1},
    ],
    "tanh_decay": [
        {"initial_learning_rate": 0.1, "decay_steps": 41},
        {"initial_learning_rate": 0.1, "decay_steps": 100, "lower": -4.0, "upper": 4.0},
        {"initial_learning_rate": 0.1, "decay_steps": 1, "lower": 0.5, "upper": 5.5},
    ],
    "product": [
        {"schedules": [0.1, COSINE, STAIRS]},
        {"schedules": [COSINE]},
        {"schedules": [{"use": "warmup", "schedule": COSINE, "warmup_steps": 41}, 0.0]},
    ],
    "warmup": [
        {"schedule": 0.3, "warmup_steps": 41},
        {"schedule": COSINE, "warmup_steps": 47},
        {"schedule": STAIRS, "warmup_steps": 1, "initial_learning_rate": 0.5},
        {"schedule": COSINE, "warmup_steps": 10, "shift": False, "initial_learning_rate": 0.1},
        {"schedule": 0.3, "warmup_steps": 41, "power": 2.0},
    ],
    "join": [
        {"schedules": [0.1, COSINE, STAIRS], "boundaries": [10, 90]},
        {"schedules": [{"use": "warmup", "schedule": COSINE, "warmup_steps": 41}, 0.01], "boundaries": [60]},
        {"schedules": [COSINE], "boundaries": []},
    ],
    "one_cycle": [
        {"peak_learning_rate": 0.1, "total_steps": 100},
        {"peak_learning_rate": 0.1, "total_steps": 88, "pct_start": 0.47, "final_div_factor": 10.0},
        {"peak_learning_rate": 0.1, "total_steps": 2, "div_factor": 3.0},
        {"peak_learning_rate": 0.1, "total_steps": 1},
        {"peak_learning_rate": 0.1, "total_steps": 88, "shape": "linear"},
        {"peak_learning_rate": 0.1, "total_steps": 100, "shape": "linear", "pct_final": 0.7},
    ],
    "warmup_stable_decay": [
        {
            "peak_learning_rate": 0.1,
            "warmup_steps": warmup,
            "stable_steps": stable,
            "decay_steps": 41,
            "initial_learning_rate": 0.01,
            "end_learning_rate": end,
            "shape": shape,
        }
        for (warmup, stable, end), shape in product(
            [(0, 0, 0.0), (47, 20, 0.001)], ["linear", "cosine", "sqrt"]
        )
    ],
}

RATES = st.just(0.0) | st.floats(1e-6, 10)
STEPS = st.integers(1, 2000)
# Not below the normal float32, where a config takes 0 only.
UNIT = st.just(0.0) | st.floats(2**-126, 1)
POSITIVE = st.floats(1, 1000)
DECAY = {"initial_learning_rate": RATES, "decay_steps": STEPS}
SIMPLE = RATES | st.fixed_dictionaries({"use": st.just("cosine"), **DECAY, "alpha": UNIT})


def _apart(pieces: str, each: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return boundaries and, under the name `pieces`, what lies between and around them."""
    boundaries = st.lists(STEPS, unique=True, max_size=4).map(sorted)
    return boundaries.flatmap(
        lambda steps: st.fixed_dictionaries(
            {
                "boundaries": st.just(steps),
                pieces: st.lists(each, min_size=len(steps) + 1, max_size=len(steps) + 1),
            }
        )
    )


ANY: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "constant": st.fixed_dictionaries({"value": RATES}),
    "exponential": st.fixed_dictionaries(
        {**DECAY, "decay_rate": st.floats(0.1, 1.5), "staircase": st.booleans()},
        optional={"transition_begin": st.integers(1, 9), "end_learning_rate": RATES},
    ),
    "polynomial": st.fixed_dictionaries(
        {**DECAY, "end_learning_rate": RATES, "power": st.floats(0.2, 5), "cycle": st.booleans()}
    ),
    "piecewise_constant": _apart("values", RATES),
    "piecewise_interpolate": _apart("values", RATES),
    "power_decay": st.fixed_dictionaries(
        {"initial_learning_rate": RATES, "power": st.just(0.0) | st.floats(-2, -0.1) | st.floats(0.1, 2)},
        optional={"offset": STEPS, "pre_offset_learning_rate": RATES},
    ),
    "inverse_time": st.fixed_dictionaries({**DECAY, "decay_rate": RATES, "staircase": st.booleans()}),
    "cosine": st.fixed_dictionaries({**DECAY, "alpha": UNIT}, optional={"exponent": st.floats(0.2, 5)})
    | st.fixed_dictionaries({**DECAY, "alpha": UNIT, "warmup_target": RATES, "warmup_steps": STEPS}),
    "cosine_restarts": st.fixed_dictionaries(
        {
            "initial_learning_rate": RATES,
            "first_decay_steps": STEPS,
            "t_mul": st.sampled_from([1, 1.1, 1.25, 1.5, 2, 3]) | st.floats(1.1, 5),
            "m_mul": st.floats(0.5, 1.2),
            "alpha": UNIT,
        }
    ),
    "linear": st.fixed_dictionaries(
        {
            "initial_learning_rate": RATES,
            "transition_steps": STEPS,
            "end_learning_rate": RATES,
            "transition_begin": STEPS | st.just(0),
        }
    ),
    "inverse_sqrt": st.fixed_dictionaries({"peak_learning_rate": RATES, "warmup_steps": STEPS}),
    "cyclical": st.fixed_dictionaries(
        {
            "initial_learning_rate": RATES,
            "maximal_learning_rate": RATES,
            "step_size": STEPS,
            "mode": st.sampled_from(["triangular", "triangular2"]),
        }
    )
    | st.fixed_dictionaries(
        {
            "initial_learning_rate": RATES,
            "maximal_learning_rate": RATES,
            "step_size": STEPS,
            "mode": st.just("exp_range"),
            "gamma": st.floats(0.9, 1),
        }
    ),
    "rex": st.fixed_dictionaries({**DECAY, "end_learning_rate": RATES}),
    "tanh_decay": st.fixed_dictionaries(
        {**DECAY, "lower": st.just(0.0) | st.floats(-9, -(2**-126)), "upper": st.floats(0.5, 9)}
    ),
    "product": st.fixed_dictionaries({"schedules": st.lists(SIMPLE, min_size=1, max_size=4)}),
    "warmup": st.fixed_dictionaries(
        {"schedule": SIMPLE, "warmup_steps": STEPS, "initial_learning_rate": RATES},
        optional={"power": st.floats(0.2, 5), "shift": st.booleans()},
    ),
    "join": _apart("schedules", SIMPLE),
    "one_cycle": st.fixed_dictionaries(
        {
            "peak_learning_rate": RATES,
            "total_steps": STEPS,
            "pct_start": st.floats(0.01, 0.99),
            "div_factor": POSITIVE,
            "final_div_factor": POSITIVE,
        }
    ),
    "warmup_stable_decay": st.fixed_dictionaries(
        {
            "peak_learning_rate": RATES,
            "warmup_steps": STEPS | st.just(0),
            "stable_steps": STEPS | st.just(0),
            "decay_steps": STEPS,
            "initial_learning_rate": RATES,
            "end_learning_rate": RATES,
            "shape": st.sampled_from(["linear", "cosine", "sqrt"]),
        }
    ),
}


def lengths(hyperparameters: Any) -> list[int]:
    """Return every number of steps in these hyperparameters, those of nested schedules included."""
    if isinstance(hyperparameters, Mapping):
        hyperparameters = list(hyperparameters.values())
    if isinstance(hyperparameters, list):
        return [length for each in hyperparameters for length in lengths(each)]
    return [hyperparameters] if type(hyperparameters) is int else []


def moved_out(hyperparameters: Any, steps: int) -> Any:
    """Return these hyperparameters with every number of steps in them larger by `steps`."""
    if isinstance(hyperparameters, Mapping):
        return {name: moved_out(value, steps) for name, value in hyperparameters.items()}
    if isinstance(hyperparameters, list):
        return [moved_out(each, steps) for each in hyperparameters]
    return hyperparameters + steps if type(hyperparameters) is int else hyperparameters


def steps_around(hyperparameters: Mapping[str, Any]) -> list[int]:
    """Return 0, the steps where something may change, those beside them, and steps far past the end."""
    found = lengths(hyperparameters)
    turns = {0, *found, *accumulate(found), *(factor * length for factor in (2, 3, 7) for length in found)}
    far = 10 * sum(found) + 100
    return sorted({turn + offset for turn in turns for offset in (-1, 0, 1) if turn + offset >= 0} | {far})
