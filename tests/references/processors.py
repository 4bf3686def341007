"""NumPy float64 oracles of the processors, from their papers; `ORACLES` has them by registered name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from references.case import Case
from references.training import Array, Processor, Scalar, Step, at, norm


class ClipByValue(Processor):
    """Each element is held within [-max_value, max_value]."""

    def __init__(self, max_value: Scalar) -> None:
        self.max_value = max_value

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        bound = at(self.max_value, step.iteration)
        return [np.clip(gradient, -bound, bound) for gradient in gradients]


class ClipByNorm(Processor):
    """Each gradient whose own norm exceeds max_norm is scaled down to that norm."""

    def __init__(self, max_norm: Scalar) -> None:
        self.max_norm = max_norm

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        bound = at(self.max_norm, step.iteration)
        return [gradient * (bound / max(norm([gradient]), bound)) for gradient in gradients]


class ClipByGlobalNorm(Processor):
    """All gradients are scaled alike when their common norm exceeds max_norm (Pascanu et al. 2013)."""

    def __init__(self, max_norm: Scalar) -> None:
        self.max_norm = max_norm

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        bound = at(self.max_norm, step.iteration)
        total = norm(gradients)
        scale = bound / max(total, bound) if np.isfinite(total) else np.nan
        return [gradient * scale for gradient in gradients]


class WeightDecay(Processor):
    """``w <- w - w * rate * learning_rate`` before the update (Loshchilov and Hutter 2019)."""

    def __init__(self, rate: Scalar) -> None:
        self.decay_rate = rate

    def decay(self, gradients: list[Array], step: Step) -> list[Array]:
        for key in step.keys:
            variable = step.variables[key]
            step.variables[key] = variable - variable * at(self.decay_rate, step.iteration) * step.rate
        return gradients


class L2(Processor):
    """``g <- g + strength * w``: the gradient of strength / 2 * |w|^2."""

    def __init__(self, strength: Scalar) -> None:
        self.strength = strength

    def decay(self, gradients: list[Array], step: Step) -> list[Array]:
        strength = at(self.strength, step.iteration)
        pairs = zip(gradients, step.keys, strict=True)
        return [gradient + strength * step.variables[key] for gradient, key in pairs]


class ExponentialMovingAverage(Processor):
    """``a <- momentum * a + (1 - momentum) * w`` of every variable, with a = w at the start."""

    def __init__(self, momentum: Scalar = 0.99, overwrite_frequency: int | None = None) -> None:
        self.momentum = momentum
        self.overwrite_frequency = overwrite_frequency

    def start(self, variables: dict[int, Array]) -> None:
        self.average = dict(variables)

    def post_step(self, step: Step) -> None:
        momentum = at(self.momentum, step.iteration)
        for key, variable in step.variables.items():
            self.average[key] = momentum * self.average[key] + (1 - momentum) * variable
        if self.overwrite_frequency and (step.iteration + 1) % self.overwrite_frequency == 0:
            step.variables.update(self.average)


class CentralizeGradients(Processor):
    """Each gradient of two or more axes loses its mean over all but the last (Yong et al. 2020)."""

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        return [
            self.centralized(gradient) if gradient.ndim > 1 and gradient.size else gradient
            for gradient in gradients
        ]

    @staticmethod
    def centralized(gradient: Array) -> Array:
        columns = gradient.reshape(-1, gradient.shape[-1])
        return (columns - columns.sum(0) / len(columns)).reshape(gradient.shape)


class SkipNonFinite(Processor):
    """A call with a NaN or an infinity anywhere is no step; `skipped` counts those calls."""

    def __init__(self) -> None:
        self.skipped = 0

    def gate(self, gradients: list[Array], step: Step) -> tuple[list[Array], bool]:
        proceed = all(bool(np.isfinite(gradient).all()) for gradient in gradients)
        self.skipped += not proceed
        return gradients, proceed


class Accumulate(Processor):
    """The mean or the sum of the gradients of `steps` calls makes one step.

    It is one for every variable that had a gradient in any of them.
    """

    def __init__(self, steps: int, reduction: str = "mean") -> None:
        self.steps = steps
        self.reduction = reduction
        self.calls = 0
        self.sums: dict[int, Array] = {}

    def gate(self, gradients: list[Array], step: Step) -> tuple[list[Array], bool]:
        for key, gradient in zip(step.keys, gradients, strict=True):
            self.sums[key] = self.sums.get(key, np.zeros_like(gradient)) + gradient
        self.calls += 1
        if self.calls < self.steps:
            return gradients, False
        self.calls = 0
        step.keys = sorted(self.sums)
        totals = [self.sums.pop(key) for key in step.keys]
        return [total / self.steps if self.reduction == "mean" else total for total in totals], True


class AddNoise(Processor):
    """``g <- g + normal(0, variance = eta / (1 + t)^gamma)`` (Neelakantan et al. 2015).

    `draw(key, iteration)` gives the standard normal numbers, so that the law of the variance can
    be checked to the last digit whatever the generator.
    """

    def __init__(self, draw: Callable[[int, int], Array], eta: float = 0.01, gamma: float = 0.55) -> None:
        self.draw, self.eta, self.gamma = draw, eta, gamma

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        deviation = np.sqrt(self.eta / (1 + step.iteration) ** self.gamma)
        pairs = zip(gradients, step.keys, strict=True)
        return [gradient + deviation * self.draw(key, step.iteration) for gradient, key in pairs]


class Monitor(Processor):
    """Norms of the gradients where it stands in the list, of the change, and of the new variables."""

    def clip(self, gradients: list[Array], step: Step) -> list[Array]:
        self.gradient_norm = norm(gradients)
        return gradients

    def start(self, variables: dict[int, Array]) -> None:
        self.before = dict(variables)

    def post_step(self, step: Step) -> None:
        changes = [step.variables[key] - self.before[key] for key in step.variables]
        self.update_norm = norm(changes)
        self.variable_norm = norm(step.variables.values())
        self.before = dict(step.variables)


ORACLES: dict[str, type[Processor]] = {
    "accumulate": Accumulate,
    "add_noise": AddNoise,
    "centralize_gradients": CentralizeGradients,
    "clip_by_global_norm": ClipByGlobalNorm,
    "clip_by_norm": ClipByNorm,
    "clip_by_value": ClipByValue,
    "ema": ExponentialMovingAverage,
    "l2": L2,
    "monitor": Monitor,
    "skip_non_finite": SkipNonFinite,
    "weight_decay": WeightDecay,
}


def _noise_as_drawn(seed: int = 0, **law: float) -> AddNoise:
    """Return the oracle of add_noise with the numbers that the plugin draws."""
    from support.drawn_normals import standard_normals

    normals = standard_normals(seed)
    return AddNoise(lambda key, iteration: normals[iteration][key], **law)


_FORMS: dict[str, list[dict[str, Any]]] = {
    "accumulate": [{"steps": 3}, {"steps": 2, "reduction": "sum"}, {"steps": 1}],
    "centralize_gradients": [{}],
    "clip_by_global_norm": [{"max_norm": 2.0}],
    "clip_by_norm": [{"max_norm": 1.0}],
    "clip_by_value": [{"max_value": 0.5}],
    "ema": [{"momentum": 0.9}, {"momentum": 0.5, "overwrite_frequency": 7}],
    "l2": [{"strength": 0.3}, {"strength": 0.0}],
    "monitor": [{}],
    "skip_non_finite": [{}],
    "weight_decay": [{"rate": 0.3}, {"rate": 0.0}],
}
CASES = [Case(name, ORACLES[name], form) for name, forms in _FORMS.items() for form in forms]
CASES += [
    Case("add_noise", _noise_as_drawn, form)
    for form in ({}, {"eta": 0.3, "gamma": 1.0, "seed": 3}, {"eta": 0.0})
]
