"""Two small models of Keras 3, with a batch of random data and a loss each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

__all__ = ["MODELS", "Task", "resnet_model", "transformer_model"]

CLASSES = 10
WORDS = 1000


@dataclass(frozen=True)
class Task:
    """A model, what it is given and the classes that it should find."""

    model: Any
    inputs: Any
    targets: Any


def resnet() -> Task:
    """Return a residual network, and 16 images of 32 x 32."""
    generator = np.random.default_rng(0)
    images = generator.standard_normal((16, 32, 32, 3), np.float32)
    return Task(resnet_model(), images, generator.integers(0, CLASSES, 16))


def resnet_model() -> Any:
    """Return a residual network of three stages of two blocks, for images of 32 x 32."""
    image = keras.Input((32, 32, 3))
    x = _convolved(image, 16, 1)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        x = _residual(_residual(x, width, stride), width, 1)
    logits = layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, logits)


def _convolved(x: Any, width: int, stride: int) -> Any:
    x = layers.Conv2D(width, 3, stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def _residual(x: Any, width: int, stride: int) -> Any:
    y = _convolved(_convolved(x, width, stride), width, 1)
    if x.shape[-1] != width or stride != 1:
        x = layers.Conv2D(width, 1, stride)(x)
    return x + y


def transformer() -> Task:
    """Return a causal language model, and 8 sequences of 64 words."""
    text = np.random.default_rng(0).integers(0, WORDS, (8, 65)).astype(np.int32)
    return Task(transformer_model(WORDS), text[:, :-1], text[:, 1:])


def transformer_model(count: int) -> Any:
    """Return a causal language model of four blocks of width 128, for sequences of 64 of `count` words."""
    words = keras.Input((64,), dtype="int32")
    x = layers.Embedding(count, 128)(words)
    for _ in range(4):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, 32)(y, y, use_causal_mask=True)
        y = layers.LayerNormalization()(x)
        x = x + layers.Dense(128)(layers.Dense(512, activation="gelu")(y))
    return keras.Model(words, layers.Dense(count)(layers.LayerNormalization()(x)))


MODELS: dict[str, Callable[[], Task]] = {"small ResNet": resnet, "small transformer": transformer}
