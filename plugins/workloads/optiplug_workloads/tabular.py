"""Rows of a table: a perceptron learns a value from the features."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sklearn
import tensorflow as tf
from sklearn.datasets import make_friedman1

from optiplug import Task, Tensor, Variable
from optiplug_lab.layers import Affine
from optiplug_lab.sampling import epoch_indices

from .task_configs import TabularConfig

__all__ = ["Tabular"]


class Tabular(Task):
    """Regression with the squared error, in units of the variance of the values learnt from."""

    def __init__(self, config: TabularConfig) -> None:
        self.config = config
        count = config.examples
        features, values = make_friedman1(
            count + max(count // 4, 1), noise=config.noise, random_state=config.split_seed
        )
        # Of the rows learnt from alone: those held out must not leak into what is learnt.
        values = ((values - values[:count].mean()) / values[:count].std())[:, np.newaxis].astype(np.float32)
        features = ((features - 0.5) * 12**0.5).astype(np.float32)  # uniform in [0, 1): now of variance 1
        self.train, self.test = (features[:count], values[:count]), (features[count:], values[count:])

    def build(self, seed: int) -> None:
        self.layers = [
            Affine.create(name, shape, seed, gain=1.0 if name == "output" else 2.0)
            for name, shape in self.config.kernels().items()
        ]

    @property
    def variables(self) -> list[Variable]:
        """Kernel and bias of each layer, from the features on."""
        return [variable for layer in self.layers for variable in (layer.kernel, layer.bias)]

    @property
    def data(self) -> Mapping[str, object]:
        """Rows as they are split, and the distribution that generates them."""
        told = (*self.train, *self.test)
        names = ("train_features", "train_values", "test_features", "test_values")
        return {"scikit-learn": sklearn.__version__, **dict(zip(names, told, strict=True))}

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, Tensor]:
        features, values = self.train
        indices = epoch_indices(step, batch_size, seed, examples=len(features))
        return tf.gather(features, indices), tf.gather(values, indices)

    def predicted(self, features: Tensor) -> Tensor:
        """Return the values, of shape [examples, 1], that are expected of the features."""
        *hidden, output = self.layers
        for layer in hidden:
            features = tf.nn.relu(layer.dense(features))
        return output.dense(features)

    def loss(self, features: Tensor, values: Tensor) -> Tensor:
        return tf.reduce_mean(tf.square(self.predicted(features) - values))

    def evaluate(self) -> Mapping[str, float]:
        loss = float(self.loss(*self.test))
        return {"loss": loss, "explained": 1 - loss / float(np.var(self.test[1]))}
