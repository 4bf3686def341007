"""A deep autoencoder: images through a narrow middle and back."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from optiplug import Task, Tensor, Variable
from optiplug_lab.layers import Affine
from optiplug_lab.sampling import epoch_indices

from .digit_images import DigitImages
from .task_configs import AutoencoderConfig

__all__ = ["Autoencoder"]


class Autoencoder(Task):
    """Pixels as probabilities, with their cross-entropy; all layers but the code and the last have tanh."""

    def __init__(self, config: AutoencoderConfig) -> None:
        self.config = config
        self.images = DigitImages(config.test_fraction, config.split_seed)
        self.train, self.test = self.images.train / 16, self.images.test / 16

    def build(self, seed: int) -> None:
        kernels = self.config.kernels()
        self.layers = [Affine.create(name, shape, seed, gain=1.0) for name, shape in kernels.items()]

    @property
    def variables(self) -> list[Variable]:
        """Kernel and bias of each layer, from the image to the code and back."""
        return [variable for layer in self.layers for variable in (layer.kernel, layer.bias)]

    @property
    def data(self) -> Mapping[str, object]:
        """Images as they are split, and the distribution that they are from."""
        return self.images.told

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor]:
        return (tf.gather(self.train, epoch_indices(step, batch_size, seed, examples=len(self.train))),)

    def logits(self, images: Tensor) -> Tensor:
        """Return the scores of the pixels, after the code, of images of shape [examples, 64]."""
        code, last = len(self.layers) // 2 - 1, len(self.layers) - 1
        for number, layer in enumerate(self.layers):
            images = layer.dense(images)
            if number not in {code, last}:
                images = tf.nn.tanh(images)
        return images

    def loss(self, images: Tensor) -> Tensor:
        return _cross_entropy(self.logits(images), images)

    def evaluate(self) -> Mapping[str, float]:
        logits = self.logits(self.test)
        error = tf.reduce_sum(tf.square(tf.sigmoid(logits) - self.test), axis=-1)
        return {
            "loss": float(_cross_entropy(logits, self.test)),
            "squared_error": float(tf.reduce_mean(error)),
        }


def _cross_entropy(logits: Tensor, images: Tensor) -> Tensor:
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits)
    return tf.reduce_mean(tf.reduce_sum(losses, axis=-1))
