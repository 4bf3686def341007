"""NumPy float64 oracle of partition: the oracle of each group on its own variables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from references.adam import Adam
from references.case import Case
from references.sgd import SGD
from references.training import Array, Optimizer


class Partition:
    """Hand each variable, told by its key, to the oracle of its group."""

    def __init__(self, groups: list[tuple[tuple[int, ...], Callable[[], Optimizer]]]) -> None:
        made = [(keys, create()) for keys, create in groups]
        self.owners = {key: optimizer for keys, optimizer in made for key in keys}

    def rate(self, iteration: int) -> float:
        return float("nan")

    def update(self, key: int, gradient: Array, variable: Array, iteration: int) -> Array:
        return self.owners[key].update(key, gradient, variable, iteration)


CASES = [
    Case(
        "partition",
        Partition,
        {
            "groups": [
                {"name": "some", "only": ["w0", "w2"], "optimizer": {"use": "sgd", "momentum": 0.9}},
                {"name": "rest", "optimizer": {"use": "adam", "learning_rate": 0.02}},
            ]
        },
        {"groups": [((0, 2), partial(SGD, momentum=0.9)), ((1, 3), partial(Adam, learning_rate=0.02))]},
    )
]
