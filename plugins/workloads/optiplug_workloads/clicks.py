"""A stream of clicks without end: users and items by a power law, clicks by a hidden model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from optiplug import Tensor
from optiplug_lab.sampling import stateless_seed

__all__ = ["Clicks"]

_FACTORS = 4
_STRENGTH = 1.5
_BIAS = -1.0


class Clicks:
    """Events of a user, an item and whether it was clicked; each draw is a function of seed and step.

    Parameters
    ----------
    users, items
        How many there are. The n-th is drawn in proportion to ``n ** -exponent``.
    exponent
        Of the power law.
    seed
        Decides the hidden model: the factors of users and items, and how popular each item is.
    """

    def __init__(self, users: int, items: int, exponent: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._shares = [_shares(count, exponent) for count in (users, items)]
        self.users, self.items = (
            random.normal(size=(count, _FACTORS)).astype(np.float32) for count in (users, items)
        )
        self.popularity = (random.normal(size=items) + _BIAS).astype(np.float32)

    @property
    def told(self) -> Mapping[str, object]:
        """The hidden model."""
        return {"users": self.users, "items": self.items, "popularity": self.popularity}

    def draw(self, step: Tensor, count: int, seed: int, stream: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Return users and items, as int32, and clicks, as 0.0 or 1.0, of `count` events."""
        chance = tf.random.stateless_uniform([3, count], stateless_seed(seed, step, stream))
        users, items = (
            tf.searchsorted(shares, chance[number], side="right")
            for number, shares in enumerate(self._shares)
        )
        clicked = chance[2] < tf.sigmoid(self.logits(users, items))
        return users, items, tf.cast(clicked, tf.float32)

    def logits(self, users: Tensor, items: Tensor) -> Tensor:
        """Return the log odds of a click, which nobody who learns from the clicks is told."""
        product = tf.gather(self.users, users) * tf.gather(self.items, items)
        affinity = tf.reduce_sum(product, axis=-1) / _FACTORS**0.5
        return _STRENGTH * affinity + tf.gather(self.popularity, items)


def _shares(count: int, exponent: float) -> Tensor:
    """Return where the share of each but the last ends, if all together are 1."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return tf.constant((np.cumsum(weights) / weights.sum())[:-1], tf.float32)
