"""A small transformer: predict each character of a text from those before it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from optiplug import Task, Tensor, Variable
from optiplug_lab.chars import split_text
from optiplug_lab.layers import random_variable
from optiplug_lab.sampling import uniform_integers

from .task_configs import CharTransformerConfig
from .transformer import Block, Norm

__all__ = ["CharTransformer"]

_EVALUATED = 64
_DEVIATION = 0.02  # of the tables, as in GPT-2


class CharTransformer(Task):
    """Blocks between a table of characters and the same table again, which scores the next character."""

    def __init__(self, config: CharTransformerConfig) -> None:
        self.config = config
        self.train, self.held_out = split_text(config.text, config.context)

    def build(self, seed: int) -> None:
        config, shapes = self.config, self.config.shapes()
        self.embedding, self.position = (
            random_variable(name, shapes[name], _DEVIATION, seed)
            for name in ("embedding/table", "position_embedding/table")
        )
        gain = 1 / (2 * config.blocks)
        self.blocks = [
            Block(f"block_{number + 1}", config.width, config.heads, seed, gain)
            for number in range(config.blocks)
        ]
        self.norm = Norm("final_norm", config.width)

    @property
    def variables(self) -> list[Variable]:
        """Both tables, those of the blocks in their order, and of the last normalization."""
        blocks = (variable for block in self.blocks for variable in block.variables)
        return [self.embedding, self.position, *blocks, *self.norm.variables]

    @property
    def data(self) -> Mapping[str, object]:
        """The text as it is learnt and evaluated; a path does not tell what is in a file."""
        return {"train": self.train, "held_out": self.held_out}

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, Tensor]:
        end = len(self.train) - self.config.context
        return self.windows(self.train, uniform_integers(step, batch_size, end, seed))

    def windows(self, codes: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the characters that begin at `starts`, and for each of them the one that follows."""
        window = tf.gather(codes, starts[:, tf.newaxis] + tf.range(self.config.context + 1))
        return window[:, :-1], window[:, 1:]

    def logits(self, characters: Tensor) -> Tensor:
        """Return the scores of what follows each character, given those of shape [examples, context]."""
        stream = tf.gather(self.embedding, characters) + self.position
        for block in self.blocks:
            stream = block(stream)
        return tf.matmul(self.norm(stream), self.embedding, transpose_b=True)

    def loss(self, characters: Tensor, following: Tensor) -> Tensor:
        return _cross_entropy(self.logits(characters), following)

    def evaluate(self) -> Mapping[str, float]:
        end = len(self.held_out) - self.config.context
        # Evenly spaced rather than random, so that all evaluations of all runs are comparable.
        starts = np.linspace(0, end - 1, num=min(_EVALUATED, end)).astype(np.int32)
        characters, following = self.windows(self.held_out, tf.constant(starts))
        logits = self.logits(characters)
        correct = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), following)
        accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
        return {"loss": float(_cross_entropy(logits, following)), "accuracy": float(accuracy)}


def _cross_entropy(logits: Tensor, following: Tensor) -> Tensor:
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=following, logits=logits)
    return tf.reduce_mean(losses)
