"""Ten models of Keras 3 as people train them, each with an epoch of data and its loss."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

from optiplug_lab.chars import ALPHABET, encode, read_text

from .models import resnet_model, transformer_model

__all__ = ["MODELS", "Training", "batches"]

DIGITS = 10
CONTEXT = 64
PASSAGE = 50
BUCKETS = 20_000
USERS, ITEMS, RANK = 20_000, 5_000, 32


@dataclass(frozen=True)
class Training:
    """A model, the arrays of one epoch, the size of a batch and the loss."""

    model: Any
    inputs: Any
    targets: Any
    batch: int
    loss: Any

    @property
    def steps(self) -> int:
        """The steps of an epoch."""
        return -(-len(self.inputs) // self.batch)


def batches(training: Training) -> Any:
    """Return an epoch as a data set, shuffled anew each time that it is read."""
    import tensorflow as tf

    arrays = tf.data.Dataset.from_tensor_slices((training.inputs, training.targets))
    return arrays.shuffle(len(training.inputs)).batch(training.batch).prefetch(tf.data.AUTOTUNE)


def digits(count: int | None = None) -> tuple[Any, Any]:
    """Return images of handwritten digits as rows of 64 numbers from 0 to 1, and which digits they are."""
    images, labels = load_digits(return_X_y=True)
    return (images[:count] / 16).astype(np.float32), labels[:count].astype(np.int32)


def classes() -> Any:
    """Return the loss of a classifier whose outputs are logits."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def perceptron(depth: int, width: int) -> Training:
    """Return a perceptron of so many hidden layers, on digits.

    Its layers normalize themselves, as 60 of them would not learn otherwise.
    """
    hidden = partial(layers.Dense, width, activation="selu", kernel_initializer="lecun_normal")
    stack = [hidden() for _ in range(depth)]
    model = keras.Sequential([keras.Input((64,)), *stack, layers.Dense(DIGITS)])
    return Training(model, *digits(), 32, classes())


def cnn() -> Training:
    """Return a convolutional network of two layers, on digits."""
    convolution = partial(layers.Conv2D, kernel_size=3, padding="same", activation="relu")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            convolution(16),
            convolution(32),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(DIGITS),
        ]
    )
    images, labels = digits()
    return Training(model, images.reshape(-1, 8, 8, 1), labels, 32, classes())


def resnet() -> Training:
    """Return a residual network of three stages, on 320 digits of four times the size."""
    images, labels = digits(320)
    large = np.kron(images.reshape(-1, 8, 8, 1), np.ones((1, 4, 4, 3), np.float32))
    return Training(resnet_model(), large, labels, 16, classes())


def transformer() -> Training:
    """Return a causal transformer of four blocks, on the characters of Python's language reference."""
    text = encode(read_text(None))[: 160 * (CONTEXT + 1)].reshape(-1, CONTEXT + 1)
    return Training(transformer_model(len(ALPHABET)), text[:, :-1], text[:, 1:], 8, classes())


def classifier() -> Training:
    """Return what tells the topic of a passage by its pairs of words: a wide table, and sparse gradients."""
    from pydoc_data.topics import topics

    passages = [(each, label) for label, name in enumerate(topics) for each in windows(topics[name])]
    inputs, targets = (np.array(each, np.int32) for each in zip(*passages, strict=True))
    model = keras.Sequential(
        [
            keras.Input((PASSAGE,), dtype="int32"),
            layers.Embedding(BUCKETS, 128),
            layers.GlobalAveragePooling1D(),
            layers.Dense(64, activation="relu"),
            layers.Dense(len(topics)),
        ]
    )
    return Training(model, inputs, targets, 32, classes())


def windows(text: str) -> list[list[int]]:
    """Return the passages of a text, each as the buckets of its pairs of words."""
    words = re.findall(r"\w+", text.lower())
    pairs = [zlib.crc32(f"{a} {b}".encode()) % BUCKETS for a, b in pairwise(words)]
    return [pairs[end - PASSAGE : end] for end in range(PASSAGE, len(pairs) + 1, PASSAGE)]


def lstm() -> Training:
    """Return an LSTM that reads digits row by row."""
    model = keras.Sequential([keras.Input((8, 8)), layers.LSTM(64), layers.Dense(DIGITS)])
    images, labels = digits()
    return Training(model, images.reshape(-1, 8, 8), labels, 32, classes())


def autoencoder() -> Training:
    """Return what compresses digits to 16 numbers."""
    hidden = [layers.Dense(width, activation="relu") for width in (128, 64, 16, 64, 128)]
    model = keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(64)])
    images, _ = digits()
    return Training(model, images, images, 32, keras.losses.MeanSquaredError())


def factorisation() -> Training:
    """Return the factors of ratings: a table of users and one of items, with sparse gradients."""
    generator = np.random.default_rng(0)
    factors = [generator.standard_normal((count, 4), np.float32) for count in (USERS, ITEMS)]
    pairs = np.stack([generator.integers(0, count, 6400) for count in (USERS, ITEMS)], 1).astype(np.int32)
    ratings = np.sum(factors[0][pairs[:, 0]] * factors[1][pairs[:, 1]], 1)
    rated = keras.Input((2,), dtype="int32")
    user, item = (layers.Embedding(count, RANK)(rated[:, at]) for at, count in enumerate((USERS, ITEMS)))
    model = keras.Model(rated, layers.Dot(1)([user, item])[:, 0])
    return Training(model, pairs, ratings, 64, keras.losses.MeanSquaredError())


MODELS: dict[str, Callable[[], Training]] = {
    "MLP 2x64": partial(perceptron, 2, 64),
    "MLP 20x128": partial(perceptron, 20, 128),
    "MLP 60x64": partial(perceptron, 60, 64),
    "small CNN": cnn,
    "small ResNet": resnet,
    "char transformer": transformer,
    "text classifier": classifier,
    "LSTM": lstm,
    "autoencoder": autoencoder,
    "matrix factorisation": factorisation,
}
