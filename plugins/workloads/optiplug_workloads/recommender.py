"""A recommender: tables of users and items, of which a step sees a few rows."""

from __future__ import annotations

import math
from collections.abc import Mapping

import tensorflow as tf
from sklearn.metrics import roc_auc_score

from optiplug import Task, Tensor, Variable
from optiplug_lab.layers import Affine, random_variable

from .clicks import Clicks
from .task_configs import RecommenderConfig

__all__ = ["Recommender"]

_HELD_OUT = 4096
_STREAM = 1  # the run's steps draw from stream 0


class Recommender(Task):
    """A tower for users and one for items, whose product is the log odds of a click."""

    def __init__(self, config: RecommenderConfig) -> None:
        self.config = config
        self.clicks = Clicks(config.users, config.items, config.exponent, config.split_seed)
        start = tf.constant(0, tf.int64)
        self.held_out = self.clicks.draw(start, _HELD_OUT, config.split_seed, _STREAM)

    def build(self, seed: int) -> None:
        shapes = self.config.shapes()
        self.tables = [
            random_variable(name, shape, 0.0 if name.startswith("item_bias") else 0.1, seed)
            for name, shape in shapes.items()
            if name.endswith("/table")
        ]
        self.towers = [
            Affine.create(name, shapes[f"{name}/kernel"], seed, gain=1.0)
            for name in ("user_tower", "item_tower")
        ]

    @property
    def variables(self) -> list[Variable]:
        """The tables, then kernel and bias of the towers."""
        return [*self.tables, *(each for tower in self.towers for each in (tower.kernel, tower.bias))]

    @property
    def data(self) -> Mapping[str, object]:
        """The hidden model, and the events held out."""
        names = ("held_out_users", "held_out_items", "held_out_clicks")
        return {**self.clicks.told, **dict(zip(names, self.held_out, strict=True))}

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.clicks.draw(step, batch_size, seed)

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the log odds of a click by each user on each item."""
        (user, item, bias), (user_tower, item_tower) = self.tables, self.towers
        wishes = tf.nn.tanh(user_tower.dense(tf.gather(user, users)))
        offers = tf.nn.tanh(item_tower.dense(tf.gather(item, items)))
        return tf.reduce_sum(wishes * offers, axis=-1) + tf.gather(bias, items)[:, 0]

    def loss(self, users: Tensor, items: Tensor, clicks: Tensor) -> Tensor:
        return tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(labels=clicks, logits=self.logits(users, items))
        )

    def evaluate(self) -> Mapping[str, float]:
        users, items, clicks = self.held_out
        loss = float(self.loss(users, items, clicks))
        auc = roc_auc_score(clicks, self.logits(users, items)) if math.isfinite(loss) else math.nan
        return {"loss": loss, "auc": float(auc)}
