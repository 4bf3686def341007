"""What was trained and saved by an earlier optiplug: it and today's run these same lines.

Only names that were public then are used here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug

__all__ = ["CASES", "FILES", "FIRST", "KERAS", "LAST", "Trained", "batch", "keras_model", "stored"]

FILES = Path(__file__).parent / "files"
FIRST, LAST = 3, 6  # what is saved has taken the first steps; the last ones are taken after loading

CASES: dict[str, dict[str, Any]] = {
    "sgd": {
        "use": "sgd",
        "jit_compile": False,
        "learning_rate": {
            "use": "exponential",
            "initial_learning_rate": 0.1,
            "decay_steps": 4,
            "decay_rate": 0.5,
        },
        "momentum": 0.9,
        "nesterov": True,
        "global_clipnorm": 1.0,
        "weight_decay": 0.01,
        "use_ema": True,
        "ema_momentum": 0.9,
        "ema_overwrite_frequency": 5,
    },
    "adam-joined": {"use": "adam", "learning_rate": 0.01, "amsgrad": True},
    "adam-apart": {
        "use": "adam",
        "learning_rate": 0.01,
        "jit_compile": False,
        "pack_small_variables": False,
        "processors": ["skip_non_finite", {"use": "accumulate", "steps": 2}, {"use": "ema"}],
    },
    "partition": {
        "use": "partition",
        "jit_compile": False,
        "global_clipnorm": 1.0,
        "groups": [
            {"name": "table", "only": ["table"], "optimizer": {"use": "adagrad", "learning_rate": 0.1}},
            {
                "name": "matrices",
                "min_ndim": 2,
                "optimizer": {"use": "muon", "learning_rate": 0.02, "fallback": {"use": "adamw"}},
            },
            {"name": "rest", "optimizer": {"use": "sgd", "learning_rate": 0.1, "momentum": 0.9}},
        ],
    },
}
KERAS: dict[str, Any] = {
    "learning_rate": 0.01,
    "weight_decay": 0.01,
    "use_ema": True,
    "processors": [{"use": "accumulate", "steps": 2}],
}
_SHAPES: dict[str, tuple[int, ...]] = {"kernel": (4, 3), "bias": (3,), "scale": (), "table": (6, 2)}


class Trained:
    """The variables of the problem, and the optimizer of a case."""

    def __init__(self, case: str) -> None:
        random = np.random.default_rng(3)
        self.variables = {
            name: tf.Variable(random.normal(size=shape).astype("float32"), name=name)
            for name, shape in _SHAPES.items()
        }
        self.optimizer = optiplug.from_config(CASES[case])
        self.checkpoint = tf.train.Checkpoint(optimizer=self.optimizer, **self.variables)

    def run(self, first: int, last: int) -> Trained:
        """Take steps; the table's gradient comes as rows."""
        for step in range(first, last):
            random = np.random.default_rng((7, step))
            gradients = {
                name: tf.constant(random.normal(size=shape), tf.float32) for name, shape in _SHAPES.items()
            }
            rows = tf.constant(random.integers(6, size=3))
            gradients["table"] = tf.IndexedSlices(gradients["table"][:3], rows, tf.constant(_SHAPES["table"]))
            self.optimizer.apply_gradients(
                [(gradient, self.variables[name]) for name, gradient in gradients.items()]
            )
        return self

    def values(self) -> dict[str, Any]:
        """Return every variable of the model and of the optimizer."""
        model = {f"variable {name}": each.numpy() for name, each in self.variables.items()}
        return model | stored(self.optimizer)


def stored(optimizer: Any) -> dict[str, Any]:
    """Return what an optimizer saves, by name."""
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    return {name: np.asarray(value) for name, value in store.items()}


def batch() -> tuple[Any, Any]:
    """Return inputs and labels for a Keras model."""
    random = np.random.default_rng(5)
    return random.integers(5, size=(8, 3)).astype("int32"), random.integers(2, size=8).astype("int32")


def keras_model(flavour: Any) -> Any:
    """Return a small model with our optimizer, which starts the same each time."""
    from optiplug_keras import wrap

    flavour.utils.set_random_seed(1)
    layers = flavour.layers
    model = flavour.Sequential(
        [
            layers.Input((3,), dtype="int32"),
            layers.Embedding(5, 2, name="table"),
            layers.Flatten(name="flat"),
            layers.Dense(2, name="head"),
        ],
        name="model",
    )
    loss = flavour.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=wrap("adam", **KERAS, keras=flavour), loss=loss)
    return model
