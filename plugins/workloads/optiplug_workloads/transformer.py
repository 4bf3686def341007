"""The blocks of a decoder-only transformer, on plain variables."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Tensor, Variable
from optiplug_lab.layers import Affine

__all__ = ["Block", "Norm"]


class Norm:
    """Layer normalization (Ba et al. 2016, arXiv:1607.06450) with ``scale`` and ``bias``."""

    def __init__(self, name: str, width: int) -> None:
        self.scale = tf.Variable(tf.ones(width), name=f"{name}/scale")
        self.bias = tf.Variable(tf.zeros(width), name=f"{name}/bias")

    @property
    def variables(self) -> list[Variable]:
        """Scale and bias."""
        return [self.scale, self.bias]

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the inputs with mean 0 and variance 1 along their last axis, scaled and moved."""
        mean, variance = tf.nn.moments(inputs, axes=[-1], keepdims=True)
        return (inputs - mean) * tf.math.rsqrt(variance + 1e-5) * self.scale + self.bias


class Block:
    """Attention to what came before, then a perceptron; each reads the normalized stream and adds to it.

    Parameters
    ----------
    name
        Of the block; variables are ``NAME/query/kernel`` and so on.
    width, heads
        Size of the stream, and among how many heads it is divided.
    seed
        Decides the initial values.
    gain
        Of the two layers that add to the stream; the more blocks, the smaller (Radford et al. 2019).
    """

    def __init__(self, name: str, width: int, heads: int, seed: int, gain: float) -> None:
        def layer(part: str, inputs: int, outputs: int, gain: float = 1.0) -> Affine:
            return Affine.create(f"{name}/{part}", (inputs, outputs), seed, gain)

        self.heads = heads
        self.attention_norm = Norm(f"{name}/attention_norm", width)
        self.query, self.key, self.value = (layer(part, width, width) for part in ("query", "key", "value"))
        self.projection = layer("projection", width, width, gain)
        self.perceptron_norm = Norm(f"{name}/perceptron_norm", width)
        self.expansion = layer("expansion", width, 4 * width)
        self.contraction = layer("contraction", 4 * width, width, gain)

    @property
    def variables(self) -> list[Variable]:
        """Those of the attention, then those of the perceptron."""
        attention = (self.query, self.key, self.value, self.projection)
        return [
            *self.attention_norm.variables,
            *(each for layer in attention for each in (layer.kernel, layer.bias)),
            *self.perceptron_norm.variables,
            *(each for layer in (self.expansion, self.contraction) for each in (layer.kernel, layer.bias)),
        ]

    def __call__(self, stream: Tensor) -> Tensor:
        """Return the stream, of shape [examples, characters, width], with what this block adds."""
        stream += self.projection.dense(self.attended(self.attention_norm(stream)))
        hidden = tf.nn.gelu(self.expansion.dense(self.perceptron_norm(stream)), approximate=True)
        return stream + self.contraction.dense(hidden)

    def attended(self, inputs: Tensor) -> Tensor:
        """Return for each character the values of it and those before it, weighted by keys and queries."""
        length, width = inputs.shape[1:]
        size = width // self.heads

        def by_head(layer: Affine) -> Tensor:
            split = tf.reshape(layer.dense(inputs), [-1, length, self.heads, size])
            return tf.transpose(split, [0, 2, 1, 3])

        scores = tf.matmul(by_head(self.query), by_head(self.key), transpose_b=True) * size**-0.5
        future = tf.linalg.band_part(tf.ones([length, length]), -1, 0) == 0
        weights = tf.nn.softmax(tf.where(future, -1e9, scores))
        heads = tf.transpose(tf.matmul(weights, by_head(self.value)), [0, 2, 1, 3])
        return tf.reshape(heads, [-1, length, width])
