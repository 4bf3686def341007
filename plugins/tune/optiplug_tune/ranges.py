"""A range of a search space: what stands in a config where a value will be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from optiplug import ConfigError
from optiplug.errors import Problem, nearest

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import BaseDistribution

__all__ = ["KINDS", "REQUIRED", "Path", "Range", "Value", "dotted", "is_range", "read_range"]

Path: TypeAlias = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""

Value: TypeAlias = str | bool | int | float | None
"""What a study keeps of a range."""

Given: TypeAlias = Mapping[str, Any]
"""A range as a document has it."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "log": ("low", "high", "default"),
    "linear": ("low", "high", "step", "default"),
    "int": ("low", "high", "step", "log", "default"),
    "choice": ("of", "default"),
}
"""The kinds of ranges, and the keys that each has beside `search`."""

REQUIRED = {"log": ("low", "high"), "linear": ("low", "high"), "int": ("low", "high"), "choice": ("of",)}
"""The keys that have no default."""

_OWN = {"low", "high", "of"}


@dataclass(frozen=True)
class Range:
    """Values that may stand at a path, of which a trial takes one.

    `path` is its name in a study; `where` the same as keys and list positions. `choices` are what a study
    keeps of the options of a choice: numbers and texts as they are, a config by its name.

    Examples
    --------
    >>> found = read_range(("learning_rate",), {"search": "log", "low": 1e-4, "high": 1e-2})
    >>> round(found.default, 6), found.distribution
    (0.001, FloatDistribution(high=0.01, log=True, low=0.0001, step=None))
    """

    path: str
    where: Path
    kind: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()
    default: Value = None

    @property
    def distribution(self) -> BaseDistribution:
        """The distribution of Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.kind == "choice":
            return CategoricalDistribution(self.choices)
        if self.kind == "int":
            low, high, step = self._whole
            return IntDistribution(low, high, log=self.log, step=step)
        return FloatDistribution(*self._bounds, log=self.log, step=self.step)

    def suggest(self, trial: Trial) -> Value:
        """Return the value that a trial takes."""
        if self.kind == "choice":
            return trial.suggest_categorical(self.path, self.choices)
        if self.kind == "int":
            low, high, step = self._whole
            return int(trial.suggest_int(self.path, low, high, log=self.log, step=step))
        return float(trial.suggest_float(self.path, *self._bounds, log=self.log, step=self.step))

    def checked(self, value: Value) -> Value:
        """Return a value that is in the range.

        Raises
        ------
        ConfigError
            If it is not.
        """
        if self.kind == "choice":
            if value in self.choices:
                return value
            raise ConfigError("must be one of the choices", where=self.path, received=value)
        low, high = self._bounds
        fits = isinstance(value, int if self.kind == "int" else int | float) and not isinstance(value, bool)
        if fits and low <= cast(float, value) <= high:
            return value
        raise ConfigError(f"must be from {low:g} to {high:g}", where=self.path, received=value)

    @property
    def ends(self) -> Iterator[tuple[Path, Value]]:
        """The values at its ends, or the choices, each with what leads to it in the range."""
        if self.kind == "choice":
            yield from ((("of", index), choice) for index, choice in enumerate(self.choices))
        else:
            low, high = self._bounds
            whole = self.kind == "int"
            yield ("low",), int(low) if whole else low
            yield ("high",), int(high) if whole else high

    @property
    def _bounds(self) -> tuple[float, float]:
        return cast(float, self.low), cast(float, self.high)

    @property
    def _whole(self) -> tuple[int, int, int]:
        low, high = self._bounds
        return int(low), int(high), int(self.step or 1)


def is_range(value: object) -> TypeGuard[Given]:
    """Whether a value of a config is a range, even if one with mistakes in it."""
    if not isinstance(value, Mapping) or "use" in value:
        return False
    return "search" in value or (
        bool(_OWN & value.keys()) and any(nearest("search", [str(key)]) for key in value)
    )


def dotted(path: Path) -> str:
    """Return a path as messages write it.

    >>> dotted(("optimizer", "processors", 0, "max_norm"))
    'optimizer.processors[0].max_norm'
    """
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def read_range(where: Path, given: Given) -> Range:
    """Return the range that stands at a path.

    Raises
    ------
    ConfigError
        With every rule that it breaks, and the path of each.
    """
    found = list(_problems(given))
    if found:
        raise ConfigError([problem.within(*where) for problem in found])
    path, kind = dotted(where), given["search"]
    if kind == "choice":
        choices = _labels(given["of"])
        default = choices[given["of"].index(given["default"])] if "default" in given else choices[0]
        return Range(path, where, kind, choices=choices, default=default)
    number = int if kind == "int" else float
    low, high = number(given["low"]), number(given["high"])
    log, step = kind == "log" or given.get("log", False), given.get("step")
    default = given["default"] if "default" in given else _middle(low, high, step, log)
    whole = round(default) if kind == "int" else float(default)
    return Range(path, where, kind, low, high, step, log, default=whole)


def _problems(given: Given) -> Iterator[Problem]:
    known = ", ".join(KINDS)
    if "search" not in given:
        wrong = next(key for key in given if nearest("search", [str(key)]))
        yield Problem((wrong,), "is no key of a range", hint="did you mean 'search'?", key=True)
        return
    kind = given["search"]
    if not isinstance(kind, str) or kind not in KINDS:
        near = nearest(kind, KINDS) if isinstance(kind, str) else ""
        yield Problem(("search",), f"must be one of {known}", kind, near)
        return
    for key in given:
        if key not in ("search", *KINDS[kind]):
            hint = f"{nearest(key, KINDS[kind])} it has {', '.join(KINDS[kind])}".strip()
            yield Problem((key,), f"is no key of a range `{kind}`", given[key], hint, key=True)
    for key in REQUIRED[kind]:
        if key not in given:
            yield Problem((key,), f"is required in a range `{kind}`")
    yield from _problems_of_choice(given) if kind == "choice" else _problems_of_numbers(kind, given)


def _problems_of_choice(given: Given) -> Iterator[Problem]:
    if "of" not in given:
        return
    options = given["of"]
    if not isinstance(options, list | tuple) or len(options) < 2:
        yield Problem(("of",), "must be a list of two or more values", options)
        return
    for index, option in enumerate(options):
        earlier = options.index(option)
        if earlier < index:
            yield Problem(("of", index), f"is the same choice as of[{earlier}]", option)
    if "default" in given and given["default"] not in options:
        yield Problem(("default",), "must be one of the choices", given["default"])


def _problems_of_numbers(kind: str, given: Given) -> Iterator[Problem]:
    rule = "must be a whole number" if kind == "int" else "must be a number"
    wrong = [
        key for key in ("low", "high", "step", "default") if key in given and not _is_number(kind, given[key])
    ]
    yield from (Problem((key,), rule, given[key]) for key in wrong)
    log = kind == "log" or given.get("log", False)
    if not isinstance(log, bool):
        yield Problem(("log",), "must be true or false", log)
    elif not wrong and {"low", "high"} <= given.keys():
        yield from _problems_between(log, given)


def _problems_between(log: bool, given: Given) -> Iterator[Problem]:
    low, high, step = given["low"], given["high"], given.get("step")
    if low >= high:
        yield Problem(("low",), f"must be less than `high`, {high:g}", low)
    elif log and low <= 0:
        hint = "zero has no logarithm: write the smallest value that is worth a trial, or `search: linear`"
        yield Problem(("low",), "must be > 0 in a range on a logarithmic scale", low, hint)
    elif step is not None and log:
        yield Problem(("step",), "cannot be combined with `log`", step)
    elif step is not None and not 0 < step <= high - low:
        yield Problem(("step",), f"must be > 0 and at most high - low, {high - low:g}", step)
    elif step is not None and (rest := (_decimal(high) - _decimal(low)) % _decimal(step)):
        hint = f"write `high: {_decimal(high) - rest}`"
        yield Problem(("step",), "must lead from `low` to `high` in whole steps", step, hint)
    elif not low <= given.get("default", low) <= high:
        yield Problem(("default",), f"must be from {low:g} to {high:g}", given["default"])


def _is_number(kind: str, value: object) -> bool:
    wanted = int if kind == "int" else int | float
    return isinstance(value, wanted) and not isinstance(value, bool) and math.isfinite(value)


def _decimal(number: float) -> Decimal:
    # As it is written: 0.1 is no whole number of steps of 0.01 in floats.
    return Decimal(str(number))


def _middle(low: float, high: float, step: float | None, log: bool) -> float:
    middle = math.exp((math.log(low) + math.log(high)) / 2) if log else low + (high - low) / 2
    if step is not None:
        middle = float(_decimal(low) + round((middle - low) / step) * _decimal(step))
    return min(max(middle, low), high)


def _labels(options: Sequence[object]) -> tuple[Value, ...]:
    """Return what a study keeps of the options: each as it is, or by its name, or else as JSON."""
    simple = [each for each in options if _is_simple(each)]
    names = [each.get("use") if isinstance(each, Mapping) else None for each in options]
    labels: list[Value] = []
    for option, name in zip(options, names, strict=True):
        if _is_simple(option):
            labels.append(option)
        elif isinstance(name, str) and names.count(name) == 1 and name not in simple:
            labels.append(name)
        else:
            labels.append(json.dumps(option, default=str))
    return tuple(labels)


def _is_simple(option: object) -> TypeGuard[Value]:
    return option is None or isinstance(option, str | bool | int | float)
