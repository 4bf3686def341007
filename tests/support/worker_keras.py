"""Models of Keras in double precision, trained by one process or by the workers of a cluster."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from support.worker_matrix import ADAMW, alone, workers

EPOCHS, BATCH, ROWS = 3, 8, 24
CONFIG = {**ADAMW, "global_clipnorm": 0.5, "use_ema": True, "ema_momentum": 0.9}


def _data() -> Any:
    generator = np.random.default_rng(2)
    inputs = generator.normal(size=(ROWS, 5))
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    data = tf.data.Dataset.from_tensor_slices((inputs, inputs @ generator.normal(size=(5, 2))))
    return data.batch(BATCH).with_options(options)


def _model(flavour: Any) -> Any:
    flavour.backend.set_floatx("float64")
    flavour.utils.set_random_seed(1)
    layers = flavour.layers
    return flavour.Sequential(
        [flavour.Input((5,), dtype="float64"), layers.Dense(6, activation="tanh"), layers.Dense(2)]
    )


def fit(strategy: Any) -> dict[str, Any]:
    """Train a model of tf_keras by `fit`."""
    import tf_keras

    import optiplug_keras

    with strategy.scope():
        model = _model(tf_keras)
        optimizer = optiplug_keras.wrap(dict(CONFIG), keras=tf_keras)
        model.compile(optimizer, loss="mse")
    losses = model.fit(_data(), epochs=EPOCHS, shuffle=False, verbose=0).history["loss"]
    return {"losses": losses, "weights": [each.tolist() for each in model.get_weights()]}


def loop(strategy: Any) -> dict[str, Any]:
    """Train a model of Keras 3 by a loop of one's own."""
    import keras

    with strategy.scope():
        model = _model(keras)
        optimizer = optiplug.from_config(CONFIG)
        optimizer.build([each.value for each in model.trainable_variables])

    @tf.function
    def train_step(inputs: Any, targets: Any) -> Any:
        def replica_step(inputs: Any, targets: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((model(inputs, training=True) - targets) ** 2) / (2 * BATCH)
            variables = [each.value for each in model.trainable_variables]
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        return strategy.reduce("SUM", strategy.run(replica_step, args=(inputs, targets)), axis=None)

    data = strategy.experimental_distribute_dataset(_data())
    losses = [
        float(train_step(*batch)) for batch in itertools.chain.from_iterable(data for _ in range(EPOCHS))
    ]
    optimizer.finalize_variable_values([each.value for each in model.trainable_variables])
    return {"losses": losses, "weights": [np.asarray(each.value).tolist() for each in model.weights]}


def fit_together() -> dict[str, Any]:
    """Do so as a worker."""
    return fit(workers())


def fit_alone() -> dict[str, Any]:
    """Do so alone."""
    return fit(alone())


def loop_together() -> dict[str, Any]:
    """Do so as a worker."""
    return loop(workers())


def loop_alone() -> dict[str, Any]:
    """Do so alone."""
    return loop(alone())
