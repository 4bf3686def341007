"""The contestant of PyTorch: its fused optimizers, which update in place without being compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .setups import Setup
from .timing import Contestant, started

__all__ = ["build"]


def build(values: list[Any], setup: Setup, factor: float | None) -> Contestant:
    """Build it; gradients are `factor` times the variables, or given if there is none."""
    variables = [torch.nn.Parameter(torch.tensor(value)) for value in values]
    for variable, value in zip(variables, values, strict=True):
        variable.grad = torch.tensor(value)

    def make() -> Callable[[], None]:
        optimizer = _optimizer(setup, variables)
        gradients = [variable.grad for variable in variables]
        averages = [variable.detach().clone() for variable in variables] if setup.averages else []

        @torch.no_grad()
        def run() -> None:
            if factor is not None:
                torch._foreach_copy_(gradients, variables)  # no public name
                torch._foreach_mul_(gradients, factor)
            if setup.clips:
                torch.nn.utils.clip_grad_norm_(variables, setup["global_clipnorm"], foreach=True)
            optimizer.step()
            if averages:
                torch._foreach_lerp_(averages, variables, 1 - setup["ema_momentum"])

        return run

    return started(make)


def _optimizer(setup: Setup, variables: list[Any]) -> Any:
    rate = setup["learning_rate"]
    if setup.optimizer == "sgd":
        return torch.optim.SGD(variables, lr=rate, momentum=setup["momentum"], fused=True)
    moments = {"betas": (setup["beta_1"], setup["beta_2"]), "eps": setup["epsilon"], "fused": True}
    if setup.optimizer == "adam":
        return torch.optim.Adam(variables, lr=rate, **moments)
    return torch.optim.AdamW(variables, lr=rate, weight_decay=setup["weight_decay"], **moments)
