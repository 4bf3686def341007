"""The contestants of PyTorch, which update in place without being compiled: fused and foreach.

`python -m benchmarks.with_torch` is run by the Python of an environment that has torch, and takes steps as
its standard input asks: `torch_process` is the other end.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from .setups import Setup, is_matrix
from .shapes import Shapes, numbers
from .timing import Contestant, started

__all__ = ["build"]


def main() -> None:
    """Build a contestant for each mapping on a line, let one step for each number; reply the seconds."""
    contestants: list[Contestant] = []
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, int):
            seconds = contestants[request].step()
        else:
            contestants.append(build(**{**request, "setup": _setup(request["setup"])}))
            seconds = contestants[-1].first
        print(seconds, flush=True)


def _setup(fields: Mapping[str, Any]) -> Setup:
    vectors = fields["vectors"]
    return Setup(**{**fields, "vectors": vectors and _setup(vectors)})


def build(shapes: Shapes, setup: Setup, factor: float | None, form: str) -> Contestant:
    """Build one; gradients are `factor` times the variables, or given if there is none."""
    variables = [torch.nn.Parameter(torch.tensor(value)) for value in numbers(shapes)]
    for variable, value in zip(variables, numbers(shapes), strict=True):
        variable.grad = torch.tensor(value)

    def make() -> Callable[[], None]:
        optimizers = _optimizers(setup, variables, {form: True})
        gradients = [variable.grad for variable in variables]
        averages = [variable.detach().clone() for variable in variables] if setup.averages else []

        @torch.no_grad()
        def run() -> None:
            if factor is not None:
                torch._foreach_copy_(gradients, variables)  # no public name
                torch._foreach_mul_(gradients, factor)
            if setup.clips:
                torch.nn.utils.clip_grad_norm_(variables, setup["global_clipnorm"], foreach=True)
            for optimizer in optimizers:
                optimizer.step()
            if averages:
                torch._foreach_lerp_(averages, variables, 1 - setup["ema_momentum"])

        return run

    return started(make)


def _optimizers(setup: Setup, variables: list[Any], form: Mapping[str, bool]) -> list[Any]:
    matrices = [variable for variable in variables if is_matrix(variable.shape)]
    vectors = [variable for variable in variables if not is_matrix(variable.shape)]
    if setup.vectors:
        first = _optimizers(replace(setup, vectors=None), matrices, form)
        return [*first, *_optimizers(setup.vectors, vectors, form)]
    rate = setup["learning_rate"]
    if setup.optimizer == "sgd":
        return [torch.optim.SGD(variables, lr=rate, momentum=setup["momentum"], **form)]
    moments = {"lr": rate, "betas": (setup["beta_1"], setup["beta_2"]), "eps": setup["epsilon"], **form}
    if setup.optimizer == "adam":
        return [torch.optim.Adam(variables, **moments)]
    decay = setup["weight_decay"]
    if setup.masked:
        groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
        return [torch.optim.AdamW(groups, weight_decay=decay, **moments)]
    return [torch.optim.AdamW(variables, weight_decay=decay, **moments)]


if __name__ == "__main__":
    main()
