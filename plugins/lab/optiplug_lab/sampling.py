"""Which examples a step sees: a pure function of seed and step, so that a run can be continued."""

from __future__ import annotations

import tensorflow as tf

from optiplug import ConfigError, Tensor

__all__ = ["epoch_indices", "stateless_seed", "uniform_integers"]


def epoch_indices(step: Tensor, batch_size: int, seed: int, examples: int) -> Tensor:
    """Return the int32 indices of step `step`: each epoch is a new permutation, its remainder is dropped."""
    steps_per_epoch = examples // batch_size
    if steps_per_epoch == 0:
        raise ConfigError(
            "must not exceed the number of training examples",
            where="batch_size",
            received=batch_size,
            hint=f"this task has {examples}",
        )
    epoch, position = step // steps_per_epoch, step % steps_per_epoch
    drawn = stateless_seed(seed, epoch, stream=0)
    order = tf.random.experimental.stateless_shuffle(tf.range(examples), drawn)
    return tf.slice(order, [tf.cast(position, tf.int32) * batch_size], [batch_size])


def uniform_integers(step: Tensor, count: int, end: int, seed: int, stream: int = 0) -> Tensor:
    """Return `count` independent int32 values in [0, end); each `stream` of a step is another draw."""
    return tf.random.stateless_uniform(
        [count], stateless_seed(seed, step, stream), maxval=end, dtype=tf.int32, minval=0
    )


def stateless_seed(seed: int, count: Tensor, stream: int) -> Tensor:
    """Return the seed of a draw of `tf.random.stateless_...`, of its own for each count and stream."""
    base = tf.constant([seed, stream], tf.int64)
    return tf.random.fold_in(base, count)
