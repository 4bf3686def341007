"""Configs that break a promise."""

from __future__ import annotations

from pydantic import ConfigDict, Field, field_validator

from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("survives_json", "the config read back must equal the one written", learning_rate=1.0)
class HalvesWhatItIsGiven(SGD):
    class Config(SGDConfig):
        """Half the rate each time."""

        @field_validator("learning_rate")
        @classmethod
        def _half(cls, value):
            return value / 2


@breaks("refuses_unknown_keys", "1 must be refused")
class TakesWhateverComes(SGD):
    class Config(SGDConfig):
        """Anything goes."""

        model_config = ConfigDict(extra="ignore")


@breaks("refuses_what_is_no_number", "factor: nan must be refused")
class TakesNaN(SGD):
    class Config(SGDConfig):
        """Not a number will do."""

        model_config = ConfigDict(allow_inf_nan=True)
        factor: float = 1.0
        """A factor."""


@breaks("takes_numbers_of_numpy", "steps as ndarray: must give the same config")
class MistrustsNumPy(SGD):
    class Config(SGDConfig):
        """Asks for the type and not for the value."""

        steps: int = 3
        """Steps, of the type that Python has."""

        @field_validator("steps", mode="before")
        @classmethod
        def _of_python(cls, value):
            return value if isinstance(value, int) else 1


@breaks("keeps_its_bounds_in_float32", "epsilon: 1e-46 must be refused: a step computes with 0.0")
class DividesByAlmostNothing(SGD):
    class Config(SGDConfig):
        """Any positive number will do."""

        epsilon: float = Field(1e-7, gt=0)
        """Keeps a divisor from 0."""


@breaks("keeps_its_bounds_in_float32", "beta: 0.999999999 must be refused: a step computes with 1.0")
class CorrectsAlmostNothing(SGD):
    class Config(SGDConfig):
        """Any number up to 1 will do."""

        beta: float = Field(0.9, ge=0.1, lt=1)
        """Decay rate."""


@breaks("is_documented", r"every field must have a docstring below it.*\['factor'\]")
class SaysNothingOfAField(SGD):
    class Config(SGDConfig):
        """A field without a word."""

        factor: float = 1.0


@breaks("is_documented", "the docstring must start with a sentence")
class HasNoSummary(SGD):
    class Config(SGDConfig):
        """Good"""


@breaks("has_an_example", "factor: is required", factor=1.0)
class CannotBeTried(SGD):
    class Config(SGDConfig):
        """Nobody knows with which factor."""

        factor: float
        """A factor."""


@breaks("names_its_source", "`paper` must name")
class IsOfUnknownOrigin(SGD):
    class Config(SGDConfig):
        """From somewhere."""

        paper = ""
