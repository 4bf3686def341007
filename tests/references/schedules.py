"""What every schedule must return, in NumPy float64, from the papers and documented formulas.

One function for each registered name: ``oracle(step, **hyperparameters)``. Positions in a schedule are
counted with exact fractions (a decimal such as 1.1 is taken as the number that was written, 11/10), so
that no rounding can move a boundary; only then a formula is evaluated in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np


def evaluate(spec: float | Mapping[str, Any], step: int) -> float:
    """Return the value at `step` of a number or of ``{"use": name, **hyperparameters}``."""
    if not isinstance(spec, Mapping):
        return float(spec)
    hyperparameters = {key: value for key, value in spec.items() if key != "use"}
    return float(globals()[spec["use"]](step, **hyperparameters))


def exact(number: float) -> Fraction:
    return Fraction(repr(number))


def half_cosine(fraction: Fraction) -> np.float64:
    """Fall from 1 to 0 along half a cosine wave."""
    return np.float64(0.5) * (1 + np.cos(np.pi * np.float64(fraction)))


def straight(start: float, end: float, fraction: Fraction) -> np.float64:
    return np.float64(start) + (np.float64(end) - start) * np.float64(fraction)


def constant(step: int, *, value: float) -> float:
    return value


def exponential(
    step: int,
    *,
    initial_learning_rate: float,
    decay_steps: float,
    decay_rate: float,
    staircase: bool = False,
    transition_begin: int = 0,
    end_learning_rate: float | None = None,
) -> np.float64:
    exponent = max(step - transition_begin, 0) / exact(decay_steps)
    if staircase:
        exponent = Fraction(math.floor(exponent))
    value = initial_learning_rate * np.power(np.float64(decay_rate), np.float64(exponent))
    if end_learning_rate is None:
        return value
    return max(value, end_learning_rate) if decay_rate < 1 else min(value, end_learning_rate)


def polynomial(
    step: int,
    *,
    initial_learning_rate: float,
    decay_steps: float,
    end_learning_rate: float = 1e-4,
    power: float = 1.0,
    cycle: bool = False,
) -> np.float64:
    once = exact(decay_steps)
    length = once * max(1, math.ceil(step / once)) if cycle else once
    remaining = np.float64(1 - min(step, length) / length)
    return (initial_learning_rate - end_learning_rate) * remaining**power + end_learning_rate


def piecewise_constant(step: int, *, boundaries: Sequence[int], values: Sequence[float]) -> float:
    for boundary, value in zip(boundaries, values, strict=False):
        if step <= boundary:
            return value
    return values[-1]


def inverse_time(
    step: int, *, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False
) -> np.float64:
    position = step / exact(decay_steps)
    if staircase:
        position = Fraction(math.floor(position))
    return initial_learning_rate / (1 + decay_rate * np.float64(position))


def cosine(
    step: int,
    *,
    initial_learning_rate: float,
    decay_steps: float,
    alpha: float = 0.0,
    warmup_target: float | None = None,
    warmup_steps: float = 0,
    exponent: float = 1.0,
) -> np.float64:
    own = Fraction(step)
    if warmup_target is None:
        peak = initial_learning_rate
    elif step < warmup_steps:
        return straight(initial_learning_rate, warmup_target, step / exact(warmup_steps))
    else:
        peak = warmup_target
        own -= exact(warmup_steps)
    length = exact(decay_steps)
    return peak * ((1 - alpha) * half_cosine(min(own, length) / length) ** exponent + alpha)


def cosine_restarts(
    step: int,
    *,
    initial_learning_rate: float,
    first_decay_steps: float,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
) -> np.float64:
    start, length, restarts = Fraction(0), exact(first_decay_steps), 0
    while step >= start + length:
        start, length, restarts = start + length, length * exact(t_mul), restarts + 1
    decayed = np.float64(m_mul) ** restarts * half_cosine((step - start) / length)
    return initial_learning_rate * ((1 - alpha) * decayed + alpha)


def warmup(
    step: int,
    *,
    schedule: float | Mapping[str, Any],
    warmup_steps: int,
    initial_learning_rate: float = 0.0,
    power: float = 1.0,
    shift: bool = True,
) -> float:
    start = warmup_steps if shift else 0
    if step >= warmup_steps:
        return evaluate(schedule, step - start)
    risen = np.float64(Fraction(step, warmup_steps)) ** power
    target = evaluate(schedule, warmup_steps - start)
    return float(initial_learning_rate + (np.float64(target) - initial_learning_rate) * risen)


def join(step: int, *, schedules: Sequence[float | Mapping[str, Any]], boundaries: Sequence[int]) -> float:
    begun = [0, *(boundary for boundary in boundaries if step >= boundary)]
    return evaluate(schedules[len(begun) - 1], step - begun[-1])


def one_cycle(
    step: int,
    *,
    peak_learning_rate: float,
    total_steps: int,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    shape: str = "cosine",
    pct_final: float = 0.85,
) -> np.float64:
    initial = peak_learning_rate / np.float64(div_factor)
    rise = int(pct_start * total_steps)
    if shape == "linear":
        return piecewise_interpolate(
            step,
            boundaries=[rise, int(pct_final * total_steps), total_steps],
            values=[initial, peak_learning_rate, initial, initial / final_div_factor],
        )
    if step < rise:
        return peak_learning_rate + (initial - peak_learning_rate) * half_cosine(Fraction(step, rise))
    fraction = Fraction(min(step, total_steps) - rise, total_steps - rise)
    final = initial / final_div_factor
    return final + (peak_learning_rate - final) * half_cosine(fraction)


def warmup_stable_decay(
    step: int,
    *,
    peak_learning_rate: float,
    warmup_steps: int,
    stable_steps: int,
    decay_steps: float,
    initial_learning_rate: float = 0.0,
    end_learning_rate: float = 0.0,
    shape: str = "linear",
) -> np.float64:
    if step < warmup_steps:
        return straight(initial_learning_rate, peak_learning_rate, Fraction(step, warmup_steps))
    decaying = max(0, step - warmup_steps - stable_steps)
    fraction = Fraction(min(decaying, decay_steps), decay_steps)
    remaining = {
        "linear": np.float64(1 - fraction),
        "cosine": half_cosine(fraction),
        "sqrt": 1 - np.sqrt(np.float64(fraction)),
    }[shape]
    return end_learning_rate + (peak_learning_rate - end_learning_rate) * remaining


def linear(
    step: int,
    *,
    initial_learning_rate: float,
    transition_steps: int,
    end_learning_rate: float = 0.0,
    transition_begin: int = 0,
) -> np.float64:
    done = Fraction(min(max(step - transition_begin, 0), transition_steps), transition_steps)
    return straight(initial_learning_rate, end_learning_rate, done)


def product(step: int, *, schedules: Sequence[float | Mapping[str, Any]]) -> float:
    return math.prod(evaluate(each, step) for each in schedules)


def inverse_sqrt(step: int, *, peak_learning_rate: float, warmup_steps: int = 4000) -> np.float64:
    """Vaswani et al. 2017, section 5.3, times what makes the peak 1, times the peak."""
    t = np.float64(step + 1)
    factor = min(t**-0.5, t * np.float64(warmup_steps) ** -1.5)
    return peak_learning_rate * factor * np.sqrt(np.float64(warmup_steps))


def cyclical(
    step: int,
    *,
    initial_learning_rate: float,
    maximal_learning_rate: float,
    step_size: int,
    mode: str = "triangular",
    gamma: float = 1.0,
) -> np.float64:
    """Smith 2017, the code in section 3.1, with the cycle counted from 1."""
    cycle = math.floor(1 + Fraction(step, 2 * step_size))
    x = abs(Fraction(step, step_size) - 2 * cycle + 1)
    scale = {"triangular": 1.0, "triangular2": 2.0 ** (1 - cycle), "exp_range": np.float64(gamma) ** step}
    height = (np.float64(maximal_learning_rate) - initial_learning_rate) * np.float64(max(0, 1 - x))
    return initial_learning_rate + height * scale[mode]


def piecewise_interpolate(
    step: int, *, boundaries: Sequence[int], values: Sequence[float], shape: str = "linear"
) -> np.float64:
    passed = [boundary for boundary in boundaries if boundary <= step]
    start, end = values[len(passed)], values[min(len(passed) + 1, len(boundaries))]
    if len(passed) == len(boundaries):
        return np.float64(start)
    begin = passed[-1] if passed else 0
    fraction = Fraction(step - begin, boundaries[len(passed)] - begin)
    if shape == "linear":
        return straight(start, end, fraction)
    return end + (np.float64(start) - end) * half_cosine(fraction)


def power_decay(
    step: int,
    *,
    initial_learning_rate: float,
    power: float,
    offset: int = 0,
    pre_offset_learning_rate: float | None = None,
) -> np.float64:
    value = initial_learning_rate * np.float64(max(step - offset, 1)) ** power
    if pre_offset_learning_rate is None:
        return value
    return np.float64(min(value, pre_offset_learning_rate) if step > offset else pre_offset_learning_rate)


def rex(
    step: int, *, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0
) -> np.float64:
    left = 1 - Fraction(min(step, decay_steps), decay_steps)
    profile = np.float64(left / (Fraction(1, 2) + Fraction(1, 2) * left))
    return end_learning_rate + (np.float64(initial_learning_rate) - end_learning_rate) * profile


def tanh_decay(
    step: int, *, initial_learning_rate: float, decay_steps: float, lower: float = -6.0, upper: float = 3.0
) -> np.float64:
    fraction = np.float64(Fraction(min(step, decay_steps), decay_steps))
    return initial_learning_rate / 2 * (1 - np.tanh(lower + (np.float64(upper) - lower) * fraction))
