"""What can be said of the workloads, and the goal of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from optiplug import ConfigError, Goal, NonNegativeFloat, TaskConfig
from optiplug_lab.task_configs import CHARACTERS, Size, with_biases

__all__ = [
    "AutoencoderConfig",
    "CharTransformerConfig",
    "LogisticConfig",
    "RecommenderConfig",
    "TabularConfig",
]

PIXELS = 64
"""Of an image in scikit-learn's digits."""

_Fraction = Annotated[float, Field(ge=0.01, le=0.99)]
_Seed = Annotated[int, Field(ge=0, lt=2**31)]


class LogisticConfig(TaskConfig):
    """Multinomial logistic regression on the pixels of handwritten digits (scikit-learn's): convex.

    Pixels are as they come, from 0 to 16, neither centred nor scaled: the problem is ill-conditioned.
    Source of the data: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository.

    >>> LogisticConfig().shapes()
    {'output/kernel': (64, 10), 'output/bias': (10,)}
    """

    implementation = "optiplug_workloads.logistic:Logistic"
    goal = Goal(target=0.1, steps=300)

    test_fraction: _Fraction = 0.25
    """Fraction of the images held out, stratified by digit."""
    split_seed: _Seed = 0
    """Selects the images held out; apart from the run's seed, so that runs can be compared."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return with_biases({"output": (PIXELS, 10)})


class TabularConfig(TaskConfig):
    """A perceptron on rows of ten features, of which five tell the value, with noise (Friedman 1991).

    Source of the data: `sklearn.datasets.make_friedman1`, after Friedman 1991, "Multivariate Adaptive
    Regression Splines", Annals of Statistics 19:1-67.

    >>> TabularConfig(hidden=(32,)).shapes()["output/kernel"]
    (32, 1)
    """

    implementation = "optiplug_workloads.tabular:Tabular"
    goal = Goal(target=0.05, steps=400)

    hidden: Annotated[tuple[Size, ...], Field(min_length=1)] = (64, 64)
    """Units of the hidden layers."""
    examples: Size = 8192
    """Rows to learn from; a quarter as many are held out."""
    noise: NonNegativeFloat = 1.0
    """Standard deviation of the noise; that of the values without it is about 4.9."""
    split_seed: _Seed = 0
    """Decides the rows and those held out; apart from the run's seed, so that runs can be compared."""

    def kernels(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of each layer's kernel, from the features on."""
        sizes = (10, *self.hidden)
        hidden = {f"hidden_{n + 1}": sizes[n : n + 2] for n in range(len(self.hidden))}
        return {**hidden, "output": (sizes[-1], 1)}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return with_biases(self.kernels())


class AutoencoderConfig(TaskConfig):
    """Handwritten digits (scikit-learn's) through a narrow middle and back: deep, so ill-conditioned.

    Network: Hinton and Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks",
    Science 313:504-507, on smaller images; a problem for optimizers since Martens 2010, "Deep Learning via
    Hessian-free Optimization", ICML.

    >>> [shape for name, shape in AutoencoderConfig(widths=(32, 6)).shapes().items() if "kernel" in name]
    [(64, 32), (32, 6), (6, 32), (32, 64)]
    """

    implementation = "optiplug_workloads.autoencoder:Autoencoder"
    goal = Goal(target=19.5, steps=400)

    widths: Annotated[tuple[Size, ...], Field(min_length=1)] = (64, 32, 16, 6)
    """Units of the encoder's layers, the last of which is the code; the decoder mirrors them."""
    test_fraction: _Fraction = 0.25
    """Fraction of the images held out, stratified by digit."""
    split_seed: _Seed = 0
    """Selects the images held out; apart from the run's seed, so that runs can be compared."""

    def kernels(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of each layer's kernel, from the image to the code and back."""
        sizes, depth = (PIXELS, *self.widths), len(self.widths)
        down = {f"encoder_{n + 1}": (sizes[n], sizes[n + 1]) for n in range(depth)}
        up = {f"decoder_{depth - n}": (sizes[n + 1], sizes[n]) for n in reversed(range(depth))}
        return down | up

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return with_biases(self.kernels())


class RecommenderConfig(TaskConfig):
    """Clicks of users on items, both drawn by a power law: two towers over tables with sparse gradients.

    The stream of events is generated, without end, from a hidden model with factors of users and items.
    Network: the two towers of Yi et al. 2019, "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item
    Recommendations", RecSys, with the log loss of each event.

    >>> RecommenderConfig(users=100, embedding=8).shapes()["user_embedding/table"]
    (100, 8)
    """

    implementation = "optiplug_workloads.recommender:Recommender"
    goal = Goal(target=0.52, steps=400, batch_size=256)

    users: Size = 1000
    """Number of users."""
    items: Size = 500
    """Number of items."""
    embedding: Size = 16
    """Size of the vectors that stand for a user and an item."""
    tower: Size = 16
    """Size of the vectors that the towers make of these; their product scores an event."""
    exponent: NonNegativeFloat = 1.0
    """The n-th most frequent user, and item, is drawn in proportion to ``n ** -exponent``."""
    split_seed: _Seed = 0
    """Decides hidden model and events held out; apart from the run's seed, so that runs can be compared."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        tables = {
            "user_embedding/table": (self.users, self.embedding),
            "item_embedding/table": (self.items, self.embedding),
            "item_bias/table": (self.items, 1),
        }
        tower = (self.embedding, self.tower)
        return tables | with_biases({"user_tower": tower, "item_tower": tower})


class CharTransformerConfig(TaskConfig):
    """Each next character of English text: a decoder-only transformer, normalized before each layer.

    The text is the language reference that ships with Python, or any file; its last tenth is held out.
    Network: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", on characters and
    small.

    >>> CharTransformerConfig(width=32, heads=4, blocks=1).shapes()["block_1/query/kernel"]
    (32, 32)
    """

    implementation = "optiplug_workloads.char_transformer:CharTransformer"
    goal = Goal(target=2.15, steps=400, batch_size=16, evaluate_every=20)

    text: str | None = None
    """Path of a UTF-8 text file; without one, Python's language reference."""
    context: Size = 64
    """Number of characters seen at a time."""
    width: Size = 96
    """Size of the vector that stands for a character."""
    blocks: Size = 3
    """Blocks of attention and perceptron."""
    heads: Size = 3
    """Heads of each attention, which divide `width` into equal parts."""

    @model_validator(mode="after")
    def _equal_heads(self) -> Self:
        if self.width % self.heads:
            rule = f"must be divisible by `heads`, {self.heads}"
            raise ConfigError(rule, where="width", received=self.width)
        return self

    def shapes(self) -> dict[str, tuple[int, ...]]:
        width = self.width
        square, norm = (width, width), {"scale": (width,), "bias": (width,)}
        block = {
            **_named("attention_norm", norm),
            **with_biases(dict.fromkeys(("query", "key", "value", "projection"), square)),
            **_named("perceptron_norm", norm),
            **with_biases({"expansion": (width, 4 * width), "contraction": (4 * width, width)}),
        }
        shapes: dict[str, tuple[int, ...]] = {
            "embedding/table": (CHARACTERS, width),
            "position_embedding/table": (self.context, width),
        }
        for number in range(self.blocks):
            shapes |= _named(f"block_{number + 1}", block)
        return shapes | _named("final_norm", norm)


def _named(prefix: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}/{name}": shape for name, shape in shapes.items()}
