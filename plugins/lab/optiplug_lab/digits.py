"""Handwritten digits: a small convolutional network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sklearn
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from optiplug import Task, Tensor, Variable

from .layers import Affine
from .sampling import epoch_indices, uniform_integers
from .task_configs import DigitsConfig

__all__ = ["Digits"]


class Digits(Task):
    """The 1,797 digits of 8 x 8 pixels that ship with scikit-learn, and a network of four layers."""

    def __init__(self, config: DigitsConfig) -> None:
        self.config = config
        images, labels = load_digits(return_X_y=True)
        train, test, self.train_labels, self.test_labels = train_test_split(
            images.reshape(-1, 8, 8, 1).astype(np.float32),
            labels.astype(np.int32),
            test_size=config.test_fraction,
            random_state=config.split_seed,
            stratify=labels,
        )
        # Of the training images alone: held-out images must not leak into what is learnt.
        mean, deviation = train.mean(), train.std()
        self.train_images, self.test_images = (train - mean) / deviation, (test - mean) / deviation
        self.background = float(self.train_images.min())

    def build(self, seed: int) -> None:
        shapes = self.config.shapes()
        self.layers = tuple(
            Affine.create(name, shapes[f"{name}/kernel"], seed, gain=1.0 if name == "dense_2" else 2.0)
            for name in ("conv_1", "conv_2", "dense_1", "dense_2")
        )

    @property
    def variables(self) -> list[Variable]:
        """Kernel and bias of each layer, from the input on."""
        return [variable for layer in self.layers for variable in (layer.kernel, layer.bias)]

    @property
    def data(self) -> Mapping[str, object]:
        """Images and labels as they are split, and the distribution that they are from."""
        return {
            "scikit-learn": sklearn.__version__,
            "train_images": self.train_images,
            "train_labels": self.train_labels,
            "test_images": self.test_images,
            "test_labels": self.test_labels,
        }

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, Tensor]:
        indices = epoch_indices(step, batch_size, seed, examples=len(self.train_labels))
        images = self.shifted(tf.gather(self.train_images, indices), step, seed)
        return images, tf.gather(self.train_labels, indices)

    def shifted(self, images: Tensor, step: Tensor, seed: int) -> Tensor:
        """Move each image by up to `shift` pixels along both axes."""
        shift, pixels = self.config.shift, tf.range(images.shape[1])
        padding = [[0, 0], [shift, shift], [shift, shift], [0, 0]]
        images = tf.pad(images, padding, constant_values=self.background)
        for axis in (1, 2):
            offsets = uniform_integers(step, len(images), 2 * shift + 1, seed, stream=axis)
            images = tf.gather(images, offsets[:, tf.newaxis] + pixels, axis=axis, batch_dims=1)
        return images

    def logits(self, images: Tensor) -> Tensor:
        """Return the scores of the ten digits, given images of shape [examples, 8, 8, 1]."""
        conv_1, conv_2, dense_1, dense_2 = self.layers
        features = tf.nn.relu(conv_2.convolve(tf.nn.relu(conv_1.convolve(images))))
        pooled = tf.nn.max_pool2d(features, ksize=2, strides=2, padding="VALID")
        flat = tf.reshape(pooled, [-1, dense_1.kernel.shape[0]])
        return dense_2.dense(tf.nn.relu(dense_1.dense(flat)))

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=self.logits(images))
        )

    def evaluate(self) -> Mapping[str, float]:
        logits = self.logits(self.test_images)
        correct = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), self.test_labels)
        return {"accuracy": float(tf.reduce_mean(tf.cast(correct, tf.float32)))}
