"""Logistic regression: a convex problem."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from optiplug import Task, Tensor, Variable
from optiplug_lab.layers import Affine
from optiplug_lab.sampling import epoch_indices

from .digit_images import DigitImages
from .task_configs import LogisticConfig

__all__ = ["Logistic"]


class Logistic(Task):
    """One layer from pixels to digits, with the cross-entropy."""

    def __init__(self, config: LogisticConfig) -> None:
        self.config = config
        self.images = DigitImages(config.test_fraction, config.split_seed)

    def build(self, seed: int) -> None:
        # So small that all digits are about as likely at first, though pixels go up to 16.
        self.output = Affine.create("output", self.config.shapes()["output/kernel"], seed, gain=1e-4)

    @property
    def variables(self) -> list[Variable]:
        """Kernel and bias."""
        return [self.output.kernel, self.output.bias]

    @property
    def data(self) -> Mapping[str, object]:
        """Images and labels as they are split, and the distribution that they are from."""
        return self.images.told

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, Tensor]:
        images = self.images
        indices = epoch_indices(step, batch_size, seed, examples=len(images.train))
        return tf.gather(images.train, indices), tf.gather(images.train_labels, indices)

    def loss(self, pixels: Tensor, labels: Tensor) -> Tensor:
        return _cross_entropy(self.output.dense(pixels), labels)

    def evaluate(self) -> Mapping[str, float]:
        logits, labels = self.output.dense(self.images.test), self.images.test_labels
        correct = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), labels)
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
        return {"loss": float(_cross_entropy(logits, labels)), "accuracy": float(accuracy)}


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
