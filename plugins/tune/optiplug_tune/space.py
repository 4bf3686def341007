"""The search space of a config: ranges where values will be, read and checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any

from optiplug import ConfigError
from optiplug.document import Document, Setting, override, read
from optiplug.errors import Problem

from .best_config import write_best
from .ranges import Path, Range, Value, is_range, read_range
from .space_checks import problems_of

if TYPE_CHECKING:
    from optuna import Trial

__all__ = ["Space", "read_space", "space_of", "write_best"]

_HOW = "write a range in place of a value, as in `learning_rate: {search: log, low: 1e-4, high: 1e-1}`"


@dataclass(frozen=True)
class Space:
    """A config with ranges in it.

    `data` is the config as it is written, `ranges` has its ranges by their names in a study, which are their
    paths. A range in an option of a choice belongs to the trials that take this option.

    Examples
    --------
    >>> rate = {"search": "log", "low": 1e-4, "high": 1e-2}
    >>> space = space_of({"use": "adamw", "learning_rate": rate, "beta_2": 0.99})
    >>> list(space.ranges)
    ['learning_rate']
    >>> space.config({"learning_rate": 0.002})
    {'use': 'adamw', 'learning_rate': 0.002, 'beta_2': 0.99}
    """

    data: Mapping[str, Any]
    ranges: Mapping[str, Range]
    document: Document | None = field(default=None, repr=False)

    def values(self, trial: Trial) -> dict[str, Value]:
        """Return what a trial takes of the ranges that belong to it; they are `trial.params` then."""
        taken: dict[str, Value] = {}

        def suggested(one: Range) -> Value:
            taken[one.path] = one.suggest(trial)
            return taken[one.path]

        self.filled(suggested)
        return taken

    def config(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Return the config with these values in place of its ranges; the rest is as it was written.

        Raises
        ------
        ConfigError
            If a value is missing, is of no range, or is not in its range.
        """
        left = dict(values)

        def given(one: Range) -> Value:
            if one.path not in left:
                raise ConfigError("is required: the space has a range there", where=one.path)
            return one.checked(left.pop(one.path))

        found = self.filled(given)
        if left:
            name, value = left.popitem()
            raise ConfigError("is no range of this config", where=name, received=value)
        return found

    @property
    def default(self) -> dict[str, Value]:
        """The values in the middle of the ranges, the first of choices, or what `default` says."""
        taken: dict[str, Value] = {}

        def default(one: Range) -> Value:
            taken[one.path] = one.default
            return one.default

        self.filled(default)
        return taken

    def filled(
        self, value_of: Callable[[Range], Value], origins: dict[Path, Path] | None = None
    ) -> dict[str, Any]:
        """Return the config with what `value_of` says in place of its ranges, which are asked in their order.

        `origins` is given, for each path in this config, the path in the config with the ranges.
        """
        at = {one.where: one for one in self.ranges.values()}

        def fill(node: Any, where: Path, path: Path) -> Any:
            if origins is not None:
                origins[path] = where
            if (one := at.get(where)) is not None:
                value = value_of(one)
                if one.kind != "choice":
                    return value
                index = one.choices.index(value)
                return fill(node["of"][index], (*where, "of", index), path)
            if isinstance(node, Mapping):
                return {key: fill(item, (*where, key), (*path, key)) for key, item in node.items()}
            if isinstance(node, list | tuple):
                return [fill(item, (*where, index), (*path, index)) for index, item in enumerate(node)]
            return node

        found: dict[str, Any] = fill(self.data, (), ())
        return found


def read_space(path_or_document: str | PathLike[str] | Document, settings: Sequence[Setting] = ()) -> Space:
    """Return the search space of a file or a document, with these settings in it.

    Raises
    ------
    ConfigError
        With file, line and column of every problem: of ranges, of fields that do not take what is in them, of
        all else in the config; and if there is no range.
    """
    given = path_or_document if isinstance(path_or_document, Document) else read(path_or_document)
    document = override(given, settings)
    try:
        return _checked(document.data, document)
    except ConfigError as error:
        raise document.locate(error) from None


def space_of(mapping: Mapping[str, Any]) -> Space:
    """Return the search space of a config.

    Raises
    ------
    ConfigError
        As `read_space` does, with the path of every problem.
    """
    return _checked(mapping, None)


def _checked(data: Mapping[str, Any], document: Document | None) -> Space:
    ranges: dict[str, Range] = {}
    problems: list[Problem] = []
    for where, given in _ranges((), data):
        try:
            found = read_range(where, given)
        except ConfigError as error:
            problems += error.problems
        else:
            ranges[found.path] = found
    space = Space(data, ranges, document)
    problems = problems or problems_of(space)
    if problems:
        raise ConfigError(problems)
    if not ranges:
        raise ConfigError([Problem((), "there is no range to search", hint=_HOW)])
    return space


def _ranges(path: Path, value: object) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the ranges in a config, the outer before those in its options."""
    if is_range(value):
        yield path, value
        value, path = value.get("of"), (*path, "of")
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _ranges((*path, key), item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _ranges((*path, index), item)
