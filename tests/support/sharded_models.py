"""A table that is split up by rows, without any server: shards are variables wherever they are."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import optiplug

ROWS, WIDTH = 10, 3


def sharded(value, count, name="table"):
    """Return a table as one variable of `count` shards."""
    parts = np.array_split(np.asarray(value), count)
    shards = [tf.Variable(part, name=f"{name}/part_{number}") for number, part in enumerate(parts)]
    return tf.__internal__.distribute.ShardedVariable(shards)


def values(variable):
    """Return the whole value of a variable, be it sharded or not."""
    shards = getattr(variable, "variables", None)
    return np.concatenate([shard.numpy() for shard in shards]) if shards else variable.numpy()


class ShardedRun:
    """A table of some shards, or a plain one for None, and a bias; both are trained by an optimizer."""

    def __init__(self, count, seed=0, **config):
        random = np.random.default_rng(seed)
        start = random.normal(size=(ROWS, WIDTH))
        self.table = tf.Variable(start, name="table") if count is None else sharded(start, count)
        self.bias = tf.Variable(random.normal(size=WIDTH), name="bias")
        self.optimizer = optiplug.from_config({"jit_compile": False, **config})
        self.random = np.random.default_rng(seed + 1)

    def gradients(self, sparse=False):
        """Return the next gradients of the table and of the bias."""
        table = tf.constant(self.random.normal(size=(ROWS, WIDTH)))
        if sparse:
            rows = tf.constant(self.random.integers(0, ROWS, size=7))
            table = tf.IndexedSlices(tf.gather(table, rows), rows, tf.constant([ROWS, WIDTH], rows.dtype))
        return table, tf.constant(self.random.normal(size=WIDTH))

    def train(self, steps, sparse=False):
        """Take some steps, with the table given whole."""
        for _ in range(steps):
            table, bias = self.gradients(sparse)
            self.optimizer.apply_gradients([(table, self.table), (bias, self.bias)])
        return self

    @property
    def saved(self):
        """The state by name."""
        store = {}
        self.optimizer.save_own_variables(store)
        return store

    @property
    def model(self):
        """The values of the model."""
        return {"table": values(self.table), "bias": self.bias.numpy()}


def assert_same(one, other, tolerance=1e-12):
    """Assert that two mappings have the same names and the same values."""
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=tolerance, err_msg=name)
