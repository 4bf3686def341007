"""The few pieces of a network, on plain variables."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import tensorflow as tf

from optiplug import Tensor, Variable

__all__ = ["Affine", "random_variable"]


def random_variable(name: str, shape: tuple[int, ...], deviation: float, seed: int) -> Variable:
    """Create a float32 variable of normal values; they depend on `seed` and `name` alone."""
    # The checksum has 32 bits, and a seed is an int32 here.
    values = tf.random.stateless_normal(shape, seed=[seed, zlib.crc32(name.encode()) >> 1], stddev=deviation)
    return tf.Variable(values, name=name)


@dataclass(frozen=True)
class Affine:
    """``kernel`` and ``bias`` of a layer; He-initialized (He et al. 2015, arXiv:1502.01852)."""

    kernel: Variable
    bias: Variable

    @classmethod
    def create(cls, name: str, shape: tuple[int, ...], seed: int, gain: float = 2.0) -> Affine:
        """Create the variables ``name/kernel`` of `shape` (inputs first, outputs last) and ``name/bias``."""
        deviation = math.sqrt(gain / math.prod(shape[:-1]))
        kernel = random_variable(f"{name}/kernel", shape, deviation, seed)
        return cls(kernel, tf.Variable(tf.zeros(shape[-1]), name=f"{name}/bias"))

    def dense(self, inputs: Tensor) -> Tensor:
        """Return ``inputs @ kernel + bias``."""
        return tf.matmul(inputs, self.kernel) + self.bias

    def convolve(self, images: Tensor) -> Tensor:
        """Return the convolution of images with the kernel, as large as the images, plus the bias."""
        return tf.nn.conv2d(images, self.kernel, strides=1, padding="SAME") + self.bias
