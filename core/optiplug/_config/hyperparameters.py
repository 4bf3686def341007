"""Types of hyperparameters, for the fields of a config.

The name of a type says its bounds and what it holds: a ``...Scalar`` is a number, or a schedule that
gives one at each step; a ``...Float`` is a number only, and a ``...Int`` a whole one. The bounds are
checked where the value is a number, and hold for the float32 that a step makes of it, too.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from optiplug.errors import ConfigError

from .base import ScheduleConfig, config_of, reference_schema, resolve
from .keras_schedules import of_keras, restored, translated
from .plain_numbers import Followed, is_variable, plain
from .regular_expression import problem_of

__all__ = [
    "OPTIONAL",
    "REGULAR",
    "BelowOneScalar",
    "NonNegativeFloat",
    "NonNegativeInt",
    "NonNegativeScalar",
    "Number",
    "PathGlob",
    "PathGlobs",
    "PositiveFloat",
    "PositiveInt",
    "PositiveScalar",
    "Scalar",
    "UnitFloat",
    "UnitScalar",
    "checked_pattern",
    "in_float32",
    "is_decay_rate",
]

# The smallest normal float32: XLA takes smaller ones for 0.
_SMALLEST = 2.0**-126
_LONGEST_PATTERN = 1_000


@dataclass(frozen=True, repr=False)
class Number:
    """Annotation of a field that holds a finite number within bounds or, unless refused, a schedule.

    A number may be of any real type but bool; the config keeps it as a float. Steps compute in float32,
    where 1e-46 is 0 and 1 - 1e-9 is 1: the number is refused if it breaks a bound there, or is infinite
    or 0 only there. What is no number of a step can have a plain pydantic field. A schedule is one of
    the registry, as a config or a mapping with `use`, or, in code, any callable, or a `tf.Variable`, which
    every step reads. A schedule of Keras becomes the config of the same name here; one of a class that is
    registered with Keras is dumped as Keras does.

    Examples
    --------
    >>> from typing import Annotated
    >>> from optiplug import Number, Scalar
    >>> Temperature = Annotated[Scalar, Number(gt=0, le=10)]
    >>> Number(gt=0, le=10).check(3)
    3.0
    """

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    schedule: bool = True

    def check(self, value: object) -> Any:
        """Return the number as a float, a schedule as its config, a variable as a function, that as it is."""
        value = plain(value)
        # In Python a bool is a number.
        if not isinstance(value, bool) and isinstance(value, Real):
            return self._bounded(value)
        if self.schedule and is_variable(value):
            return self._followed(value)
        if self.schedule and config_of(value) is None and of_keras(value):
            return _config_of_keras(value)
        if self.schedule and (isinstance(value, Mapping) or config_of(value) is not None):
            return resolve(ScheduleConfig.kind, value)
        # A class can be called, too, and is a schedule that somebody forgot to create.
        if self.schedule and callable(value) and not isinstance(value, type):
            return value
        rule = "must be a number or a schedule" if self.schedule else "must be a number"
        raise ConfigError(rule, received=value, hint=_hint(value))

    def _followed(self, variable: Any) -> Followed:
        followed = Followed(variable)
        try:
            now = followed.now
        except NotImplementedError:  # inside a function that is being traced
            return followed
        if isinstance(now, bool) or not isinstance(now, Real):
            raise ConfigError("must be a number or a schedule", received=variable)
        self._bounded(now)
        return followed

    def _bounded(self, value: Real) -> float:
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond the largest float
            number = math.inf
        single = in_float32(number)
        broken = self._broken(number, float)
        if broken:
            raise ConfigError(broken, received=value)
        broken = self._broken(single, in_float32)
        if not broken and number and not single:
            broken = f"must be 0, or {_SMALLEST:.8g} or more in size,"
        if broken:
            rule = f"{broken} in float32, in which steps compute"
            raise ConfigError(rule, received=value, hint=f"there it is {single!r}")
        return number

    def _broken(self, number: float, kept_as: Callable[[float], float]) -> str:
        """Return the rule that a number breaks, with bounds of its own precision; empty for none."""
        if not math.isfinite(number):
            return "must be finite"
        # Not pydantic's own bounds, which cannot be had where a schedule may stand in place of a number.
        for bound, sign, keeps in (
            (self.gt, ">", operator.gt),
            (self.ge, ">=", operator.ge),
            (self.lt, "<", operator.lt),
            (self.le, "<=", operator.le),
        ):
            if bound is not None and not keeps(number, kept_as(bound)):
                return f"must be {sign} {bound}"
        return ""

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in vars(self).items() if value is not None)
        return f"Number({given})"

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        bounds = {
            "exclusiveMinimum": self.gt,
            "minimum": self.ge,
            "exclusiveMaximum": self.lt,
            "maximum": self.le,
        }
        number = {"type": "number", **{key: bound for key, bound in bounds.items() if bound is not None}}
        if not self.schedule:
            return number
        return {"anyOf": [number, reference_schema(ScheduleConfig.kind)["anyOf"][1]]}


def in_float32(number: float) -> float:
    """Return what a step makes of a number: the nearest float32, 0 where that is not a normal one.

    >>> in_float32(0.5), in_float32(1 - 1e-9), in_float32(1e39), in_float32(1e-39)
    (0.5, 1.0, inf, 0.0)
    """
    try:
        single: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return single if abs(single) >= _SMALLEST else math.copysign(0.0, number)


def is_decay_rate(config: type[BaseModel], field: str) -> bool:
    """Whether a field of a config holds the decay rate of an average, a number in [0, 1) or a schedule."""
    kinds = config.model_fields[field].metadata
    return any(isinstance(kind, Number) and kind.lt == 1 and kind.schedule for kind in kinds)


def _config_of_keras(schedule: object) -> object:
    """Return our config of a schedule of Keras, if there is one, else the schedule."""
    ours = translated(schedule)
    if ours is not schedule:
        try:
            return resolve(ScheduleConfig.kind, ours)
        except ConfigError as refusal:  # Keras takes hyperparameters that a config does not, such as alpha=2
            refused = refusal
    if not isinstance(schedule, Mapping):
        return schedule
    try:
        return restored(schedule)
    except ConfigError as unknown:
        raise (unknown if ours is schedule else refused) from None


def _hint(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return "write it without quotes"


# For type checkers; validation is that of the annotation.
_Scalar: TypeAlias = float | ScheduleConfig | Callable[..., Any]

Scalar: TypeAlias = Annotated[_Scalar, Number()]
"""Any finite number, or a schedule."""

NonNegativeScalar: TypeAlias = Annotated[_Scalar, Number(ge=0)]
"""A number >= 0, or a schedule: a learning rate, a weight decay."""

PositiveScalar: TypeAlias = Annotated[_Scalar, Number(gt=0)]
"""A number > 0, or a schedule: a bound."""

UnitScalar: TypeAlias = Annotated[_Scalar, Number(ge=0, le=1)]
"""A number in [0, 1], or a schedule."""

BelowOneScalar: TypeAlias = Annotated[_Scalar, Number(ge=0, lt=1)]
"""A number in [0, 1), or a schedule: the decay rate of a moving average."""

NonNegativeFloat: TypeAlias = Annotated[float, Number(ge=0, schedule=False)]
"""A number >= 0; no schedule."""

PositiveFloat: TypeAlias = Annotated[float, Number(gt=0, schedule=False)]
"""A number > 0; no schedule."""

UnitFloat: TypeAlias = Annotated[float, Number(ge=0, le=1, schedule=False)]
"""A number in [0, 1]; no schedule."""

NonNegativeInt: TypeAlias = Annotated[int, Field(ge=0)]
"""A whole number >= 0."""

PositiveInt: TypeAlias = Annotated[int, Field(ge=1)]
"""A whole number >= 1."""


def checked_pattern(pattern: str) -> str:
    """Return a glob, or a regular expression if it is one, with or without the mark of optional ones.

    Raises
    ------
    ConfigError
        If ``re:`` is followed by what is no regular expression, or by one that may take years to search,
        or the mark by nothing.
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise ConfigError(f"must have at most {_LONGEST_PATTERN:,} characters", received=pattern)
    wanted = pattern.removeprefix(OPTIONAL)
    if pattern and not wanted:
        rule = f"`{OPTIONAL}` marks the pattern behind it as optional, and there is none"
        raise ConfigError(rule, received=pattern, hint="for paths of one character, write `[!/]`")
    if wanted.startswith(REGULAR) and (problem := problem_of(wanted.removeprefix(REGULAR))):
        raise ConfigError(problem, received=pattern)
    return pattern


REGULAR = "re:"
"""What regular expressions begin with among globs."""

OPTIONAL = "?"
"""What patterns begin with that may match nothing."""

PathGlob: TypeAlias = Annotated[str, AfterValidator(checked_pattern)]
"""One of `PathGlobs`, such as the key of a mapping."""

PathGlobs: TypeAlias = tuple[PathGlob, ...]
"""Globs on the paths of variables, e.g. ``["*/bias", "encoder/*"]``; ``*`` crosses ``/``.

``"re:bias$"`` is a regular expression, which is searched in the path; it may have few repeats, none
inside of another, so that no search takes longer than a moment. A pattern that matches nothing is an error,
as it is most often a typing error; one that begins with ``?`` may: ``"?*norm*"``, ``"?re:norm$"``."""
