"""Lists of shapes of variables, by the name that the tables show."""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

import numpy as np

__all__ = ["QUICK", "SHAPES", "Shapes", "nbytes", "numbers", "repeated", "resnet50", "transformer"]

Shapes: TypeAlias = list[tuple[int, ...]]


def repeated(count: int, size: int) -> Shapes:
    """Return `count` vectors of `size` elements."""
    return [(size,)] * count


def resnet50() -> Shapes:
    """Return the shapes of ResNet-50: 161 variables, 25.6 million numbers."""
    shapes: Shapes = [(7, 7, 3, 64), (64,), (64,)]
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            outputs = 4 * width
            kernels = [(1, 1, inputs, width), (3, 3, width, width), (1, 1, width, outputs)]
            kernels += [(1, 1, inputs, outputs)] if block == 0 else []
            shapes += [shape for kernel in kernels for shape in (kernel, kernel[-1:], kernel[-1:])]
            inputs = outputs
    return [*shapes, (inputs, 1000), (1000,)]


def transformer(blocks: int, width: int) -> Shapes:
    """Return the shapes of the blocks of a transformer: 16 variables each, 6 of them matrices."""
    attention = [(width, width), (width,)] * 4
    layers: Shapes = [(width, 4 * width), (4 * width,), (4 * width, width), (width,)]
    return [*attention, *layers, *[(width,)] * 4] * blocks


def nbytes(shapes: Shapes) -> int:
    """Return how many bytes these variables take in float32."""
    return 4 * sum(map(prod, shapes))


def numbers(shapes: Shapes) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    """Return what variables and gradients start from, the same each time."""
    generator = np.random.default_rng(0)
    return [generator.standard_normal(shape, np.float32) for shape in shapes]


SHAPES: dict[str, Shapes] = {
    "10 x 64": repeated(10, 64),
    "1,000 x 64": repeated(1000, 64),
    "ResNet-50": resnet50(),
    "4 x 4096^2": [(4096, 4096)] * 4,
}
QUICK: dict[str, Shapes] = {
    "40 x 64": repeated(40, 64),
    "2 x 512^2": [(512, 512)] * 2,
}
