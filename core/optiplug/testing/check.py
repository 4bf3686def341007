"""What a check is, and how a file of checks declares one."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from optiplug._config.base import NamedConfig
from optiplug.errors import ConfigError, sentence
from optiplug.registry import KINDS

__all__ = ["Check", "NotApplicable", "check", "require"]


class NotApplicable(unittest.SkipTest):
    """A promise that does not concern this config, or cannot be tried here; it says why.

    pytest and unittest report a test that raises it as skipped.
    """


@dataclass(frozen=True)
class Check:
    """One promise that plugins of some kinds make.

    Called with a config, it returns nothing if what the config creates keeps the promise, and
    raises an exception that says what happened if not. Checks do not depend on each other.
    """

    name: str
    kinds: tuple[str, ...]
    summary: str
    function: Callable[[Any], None] = field(repr=False)
    risky: bool = False
    """Whether a plugin that breaks the promise may end the process, so that what is exempt is not tried."""

    def __call__(self, config: NamedConfig) -> None:
        """Try `config`.

        Raises
        ------
        AssertionError
            If the promise is broken, or is kept although the config says in `exemptions` that it cannot be. A
            plugin that fails in another way raises its own exception.
        NotApplicable
            If the promise does not concern this config.
        ConfigError
            If `config` is of a kind that does not make this promise.
        """
        if config.kind not in self.kinds:
            raise ConfigError(f"{self.name} is a check of {', '.join(self.kinds)}", received=config)
        if self.name in config.exemptions:
            self._require_broken(config, config.exemptions[self.name])
        self.function(config)

    def _require_broken(self, config: NamedConfig, reason: str) -> None:
        """Raise NotApplicable with the reason why the promise cannot be kept, if it is broken indeed."""
        if self.risky:
            raise NotApplicable(reason)
        try:
            self.function(config)
        except Exception as error:
            raise NotApplicable(reason) from error
        raise AssertionError(
            sentence(
                "is kept, although the config is exempt from it",
                where=f"{self.name} in `exemptions`",
                received=reason,
                hint="take it out, so that the promise is tried again",
            )
        )


def check(*kinds: str, risky: bool = False) -> Callable[[Callable[[Any], None]], Check]:
    """Make a function of a config the check of these kinds; by default of all.

    The first line of its docstring is the promise.
    """

    def declare(function: Callable[[Any], None]) -> Check:
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        return Check(function.__name__, kinds or tuple(KINDS), summary, function, risky)

    return declare


def require(kept: Any, rule: str, **parts: Any) -> None:
    """Raise an AssertionError unless `kept`; `parts` are those of `errors.sentence`."""
    if not kept:
        raise AssertionError(sentence(rule, **parts))
