"""Landscapes in two dimensions, to see what an optimizer does on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANDSCAPES", "Landscape"]


@dataclass(frozen=True)
class Landscape:
    """A height that is 0 at its `ends` and positive elsewhere.

    `height` takes numbers, arrays or tensors. `start` is where paths begin, `span` what a picture shows: the
    least and the greatest x, and those of y.
    """

    height: Callable[[Any, Any], Any]
    start: tuple[float, float]
    span: tuple[tuple[float, float], tuple[float, float]]
    ends: tuple[tuple[float, float], ...]

    def levels(self, count: int = 12) -> NDArray[np.float64]:
        """Return heights for contours, closer to each other the lower they are.

        >>> LANDSCAPES["valley"].levels(3).round(2).tolist()
        [0.06, 1.26, 25.11]
        """
        top = 4 * float(self.height(*self.start))
        return np.geomspace(top / 400, top, count)


def _valley(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 4 * (y - x**2) ** 2


def _rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _bowl(x: Any, y: Any) -> Any:
    return x**2 + 25 * y**2


def _saddle(x: Any, y: Any) -> Any:
    return x**2 + (y**2 - 1) ** 2


def _hills(x: Any, y: Any) -> Any:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


_CURVED = ((-1.9, 1.9), (-0.7, 2.3))

LANDSCAPES: Mapping[str, Landscape] = {
    "valley": Landscape(_valley, (-1.4, 1.6), _CURVED, ((1, 1),)),
    "rosenbrock": Landscape(_rosenbrock, (-1.4, 1.6), _CURVED, ((1, 1),)),
    "bowl": Landscape(_bowl, (-1.6, 0.7), ((-1.9, 1.9), (-1.0, 1.0)), ((0, 0),)),
    "saddle": Landscape(_saddle, (-1.6, 0.02), ((-1.9, 1.1), (-1.6, 1.6)), ((0, -1), (0, 1))),
    "hills": Landscape(
        _hills,
        (-0.5, -0.5),
        ((-5.0, 5.0), (-5.0, 5.0)),
        ((3, 2), (-2.805118, 3.131313), (-3.77931, -3.283186), (3.584428, -1.848127)),
    ),
}
"""By name: a curved valley (Rosenbrock's, less steep), Rosenbrock's itself, a bowl that is steep along one
axis, a saddle between two ends, and Himmelblau's four of them."""
