"""What can be said of the tasks that ship with the lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from optiplug import Goal, TaskConfig

__all__ = ["CHARACTERS", "CharsConfig", "DigitsConfig", "Size", "with_biases"]

CHARACTERS = 96
"""The line feed and what ASCII prints."""

Size = Annotated[int, Field(ge=1, lt=2**31)]
"""What TensorFlow can count, which it does in int32."""


class DigitsConfig(TaskConfig):
    """Handwritten digits of 8 x 8 pixels (scikit-learn's), a small convolutional network.

    Source of the data: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits",
    UCI Machine Learning Repository.

    >>> DigitsConfig(shift=0).test_fraction
    0.25
    """

    implementation = "optiplug_lab.digits:Digits"
    goal = Goal(figure="accuracy", target=0.98, steps=300, higher_is_better=True)

    widths: tuple[Size, Size, Size] = (16, 32, 64)
    """Channels of the two convolutions, then units of the hidden layer."""
    shift: Annotated[int, Field(ge=0, le=4)] = 1
    """Training images are moved at random by up to this many pixels along both axes."""
    test_fraction: Annotated[float, Field(ge=0.01, le=0.99)] = 0.25
    """Fraction of the images held out, stratified by digit; some of each have to be on either side."""
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Selects the images held out; apart from the run's seed, so that runs can be compared."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        first, second, hidden = self.widths
        kernels = {
            "conv_1": (3, 3, 1, first),
            "conv_2": (3, 3, first, second),
            "dense_1": (16 * second, hidden),
            "dense_2": (hidden, 10),
        }
        return with_biases(kernels)


class CharsConfig(TaskConfig):
    """The next character of English text, a perceptron over those before it.

    The text is the language reference that ships with Python, or any file. Network: Bengio et
    al. 2003, "A Neural Probabilistic Language Model", JMLR 3:1137-1155, on characters.

    >>> CharsConfig(context=8).embedding
    16
    """

    implementation = "optiplug_lab.chars:Chars"
    goal = Goal(figure="bits_per_character", target=2.6, steps=600, batch_size=256, evaluate_every=20)

    text: str | None = None
    """Path of a UTF-8 text file; without one, Python's language reference."""
    context: Size = 16
    """Number of characters seen."""
    embedding: Size = 16
    """Size of the vector that stands for a character."""
    hidden: Size = 256
    """Units of the hidden layer."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        kernels = {
            "hidden": (self.context * self.embedding, self.hidden),
            "output": (self.hidden, CHARACTERS),
        }
        return {"embedding/table": (CHARACTERS, self.embedding), **with_biases(kernels)}


def with_biases(kernels: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of kernels, by layer, each followed by that of its bias."""
    return {
        f"{layer}/{name}": each
        for layer, shape in kernels.items()
        for name, each in (("kernel", shape), ("bias", shape[-1:]))
    }
