"""The search for the problems of a config, which ends when there are as many as an error lists."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from optiplug.errors import MOST, ConfigError

from .search_ranges import told_of_ranges

__all__ = ["ends_early"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass
class _Search:
    """What was found in a value so far, with all that is in it, and how much was not looked at."""

    most: float = MOST
    found: int = 0
    skipped: int = 0


_running: ContextVar[_Search | None] = ContextVar("_running", default=None)


def ends_early(validate: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return a validator that looks no further once enough is wrong with the outermost value.

    It validates a part of a config, and whatever is in it by others like it. What is not looked at raises
    a ConfigError without problems; it never decides whether the whole is valid.
    """

    @wraps(validate)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        search = _running.get()
        if search is None:
            return _outermost(validate, *args, **kwargs)
        if search.found >= search.most:
            search.skipped += 1
            raise ConfigError([], 1)
        before = search.found
        try:
            return validate(*args, **kwargs)
        except ConfigError as error:
            # The problems of a part are found again as those of what is around it.
            search.found = max(search.found, before + len(error.problems))
            raise

    return run


def _outermost(
    validate: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    try:
        return _whole(validate, *args, **kwargs)
    except ConfigError as error:
        told = told_of_ranges(error)
        if told is error:
            raise
        raise told from None


def _whole(
    validate: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    search = _Search()
    token = _running.set(search)
    try:
        try:
            result = validate(*args, **kwargs)
        except ConfigError as error:
            if error.problems:
                raise
        else:
            if not search.skipped:
                return result
        # What was found were members of unions that did not fit, where another one may.
        _running.set(_Search(most=float("inf")))
        return validate(*args, **kwargs)
    finally:
        _running.reset(token)
