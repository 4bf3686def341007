"""Characters of English text: predict the next one from those before it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from optiplug import ConfigError, Task, Tensor, Variable
from optiplug.checkpoint.files import read_whole

from .layers import Affine, random_variable
from .sampling import uniform_integers
from .task_configs import CHARACTERS, CharsConfig

__all__ = ["ALPHABET", "Chars", "encode", "read_text", "split_text"]

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
_COUNTED = 2**31  # TensorFlow counts the scores of a batch in int32
_HELD_OUT = 0.1
_LARGEST = 2**30  # bytes of a text; in memory it takes four times as much
_EVALUATED = 8192


class Chars(Task):
    """A perceptron over the embedded context (Bengio et al. 2003, JMLR 3:1137)."""

    def __init__(self, config: CharsConfig) -> None:
        self.config = config
        self.train, self.held_out = split_text(config.text, config.context)

    def build(self, seed: int) -> None:
        shapes = self.config.shapes()
        self.embedding = random_variable("embedding/table", shapes["embedding/table"], 1.0, seed)
        self.hidden = Affine.create("hidden", shapes["hidden/kernel"], seed)
        self.output = Affine.create("output", shapes["output/kernel"], seed, gain=1.0)

    @property
    def variables(self) -> list[Variable]:
        """Embedding, hidden and output layer, in this order."""
        hidden, output = self.hidden, self.output
        return [self.embedding, hidden.kernel, hidden.bias, output.kernel, output.bias]

    @property
    def data(self) -> Mapping[str, object]:
        """The text as it is learnt and evaluated; a path does not tell what is in a file."""
        return {"train": self.train, "held_out": self.held_out}

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, Tensor]:
        if batch_size * CHARACTERS >= _COUNTED:
            rule = f"must be less than {_COUNTED // CHARACTERS + 1} for this task"
            raise ConfigError(rule, where="batch_size", received=batch_size)
        end = len(self.train) - self.config.context
        return self.windows(self.train, uniform_integers(step, batch_size, end, seed))

    def windows(self, codes: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contexts that begin at `starts`, and the characters that follow them."""
        window = tf.gather(codes, starts[:, tf.newaxis] + tf.range(self.config.context + 1))
        return window[:, :-1], window[:, -1]

    def logits(self, contexts: Tensor) -> Tensor:
        """Return the scores of every next character, given contexts of shape [examples, characters]."""
        features = tf.gather(self.embedding, contexts)
        flat = tf.reshape(features, [-1, self.hidden.kernel.shape[0]])
        return self.output.dense(tf.nn.relu(self.hidden.dense(flat)))

    def loss(self, contexts: Tensor, following: Tensor) -> Tensor:
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=following, logits=self.logits(contexts))
        )

    def evaluate(self) -> Mapping[str, float]:
        end = len(self.held_out) - self.config.context
        # Evenly spaced rather than random, so that all evaluations of all runs are comparable.
        starts = np.linspace(0, end - 1, num=min(_EVALUATED, end)).astype(np.int32)
        contexts, following = self.windows(self.held_out, tf.constant(starts))
        correct = tf.equal(tf.argmax(self.logits(contexts), axis=-1, output_type=tf.int32), following)
        bits = self.loss(contexts, following) / math.log(2)
        return {
            "accuracy": float(tf.reduce_mean(tf.cast(correct, tf.float32))),
            "bits_per_character": float(bits),
        }


def split_text(path: str | None, context: int) -> tuple[Tensor, Tensor]:
    """Return the codes of a text's characters, the last tenth of them, which is held out, apart.

    Raises
    ------
    ConfigError
        If it cannot be read, or has fewer characters than `context` and one more to hold out.
    """
    codes = encode(read_text(path))
    split = int(len(codes) * (1 - _HELD_OUT))
    if len(codes) - split <= context:
        raise ConfigError("is too short for this context", where="task.text", received=len(codes))
    return tf.constant(codes[:split]), tf.constant(codes[split:])


def read_text(path: str | None) -> str:
    """Return the text of a file or, without one, of the language reference that ships with Python."""
    if path is not None:
        try:
            return read_whole(path, _LARGEST).decode()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            rule = f"must be a readable UTF-8 file: {reason}"
            raise ConfigError(rule, where="task.text", received=path) from error
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))


def encode(text: str) -> npt.NDArray[np.int32]:
    """Return the position in `ALPHABET` of each character; what is not there becomes ``?``."""
    data = np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8)
    table = np.full(256, ALPHABET.index("?"), dtype=np.int32)
    table[[ord(character) for character in ALPHABET]] = np.arange(len(ALPHABET))
    return table[data]
