"""Every error optiplug raises.

::

    OptiplugError
    ├── ConfigError (ValueError)            a config or an argument breaks a rule
    ├── PluginError                         a named plugin cannot be used
    │   ├── UnknownPluginError (LookupError)
    │   ├── AmbiguousPluginError
    │   ├── BlockedPluginError
    │   ├── BrokenPluginError
    │   └── IncompatiblePluginError
    │       └── DriftError (ConfigError)    plugins are not those in a lock file
    ├── HookError (TypeError)               a hook breaks the contract of its stage
    ├── GradientsError (TypeError)          `grads_and_vars` is malformed
    ├── ReplicaContextError (RuntimeError)  called where tf.distribute does not allow it
    ├── BuildError (RuntimeError)           too late, or too early, for this call
    ├── ClaimedError                        another process writes in this folder
    ├── WorkerError (RuntimeError)          the workers of a cluster cannot go on together
    │   ├── DifferentWorkersError           they were not built, or not loaded, alike
    │   └── LostWorkerError                 one has ended, stands still, or did not come
    └── StateError (ValueError)             saved state does not fit what it is for
        ├── CorruptCheckpointError          damaged, or not what its manifest says
        ├── MismatchedCheckpointError       of other variables than these
        ├── MissingPluginStateError         has the state of a plugin that is not here
        ├── NewerCheckpointError            written by a newer version
        └── ChangedInputsError              of another config, other data or versions

Each message has the form ``where: rule. Received: what. Hint: what to do.``, and ``except
OptiplugError`` catches them all. A `ConfigError` has `problems`, one for each broken rule; a
`StateError` has `differences`; the others have `rule`, `received` and `hint`. Whatever a file, a
name or a plugin says, a message stays short, and cannot control a terminal.

Examples
--------
>>> import optiplug
>>> try:
...     optiplug.create("sgd", learning_rate=-1, momentum=2)
... except optiplug.ConfigError as error:
...     print(error)
learning_rate: must be >= 0. Received: -1.
momentum: must be <= 1. Received: 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from ._plain_text import in_one_line, of_value, plain, shortened
from ._text_table import table

__all__ = [
    "AmbiguousPluginError",
    "BlockedPluginError",
    "BrokenPluginError",
    "BuildError",
    "ChangedInputsError",
    "ClaimedError",
    "ConfigError",
    "CorruptCheckpointError",
    "DifferentWorkersError",
    "DriftError",
    "GradientsError",
    "HookError",
    "IncompatiblePluginError",
    "LostWorkerError",
    "MismatchedCheckpointError",
    "MissingPluginStateError",
    "NewerCheckpointError",
    "OptiplugError",
    "PluginError",
    "Problem",
    "ReplicaContextError",
    "StateError",
    "UnknownPluginError",
    "WorkerError",
    "in_one_line",
    "nearest",
    "plain",
    "sentence",
]

# None is a value that may have been received.
_UNSET = object()
# A part of a sentence in characters, problems and rows of a table: more would fill the screen.
_LONGEST_PART = 4_000
_LONGEST_PLACE = 600
_LONGEST_KEY = 100
_LONGEST_TABLE = 20
_LONGEST_MESSAGE = 36_000
MOST = 20
"""The most problems that an error lists."""


def sentence(rule: str, *, where: str = "", received: object = _UNSET, hint: str = "") -> str:
    """Compose ``where: rule. Received: what. Hint: what to do.`` from rule, place, value and hint."""
    rule = shortened(rule, _LONGEST_PART).removesuffix(".")
    text = f"{shortened(in_one_line(where), _LONGEST_PLACE)}: {rule}." if where else f"{rule}."
    if received is not _UNSET:
        text += f" Received: {of_value(received)}."
    if hint:
        hint = shortened(hint, _LONGEST_PART)
        text += f" Hint: {hint if hint.endswith('?') else hint.removesuffix('.') + '.'}"
    return plain(text)


class _Details(TypedDict, total=False):
    received: object
    hint: str


class _Message(_Details, total=False):
    where: str


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the known name closest to `name`, or an empty string."""
    if len(name) > _LONGEST_KEY:  # which nobody has mistyped, and which would take long
        return ""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    # Letters that have changed places are the likelier slip than letters that are missing.
    close.sort(key=lambda each: sorted(each) != sorted(name))
    return f"did you mean {close[0]!r}?" if close else ""


def _shortened(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of so many rows as a screen has room for."""
    shown = list(rows[:_LONGEST_TABLE])
    if len(rows) > len(shown):
        shown.append((f"... and {len(rows) - len(shown)} more", *[""] * (len(head) - 1)))
    return table(head, shown)


class OptiplugError(Exception):
    """Base of every error raised on purpose by optiplug."""

    # AutoGraph replaces errors raised while a tf.function is traced, and those of unknown types lose
    # their type; it leaves errors with this attribute as they are.
    ag_pass_through = True

    def __init__(self, rule: str, *, where: str = "", received: object = _UNSET, hint: str = "") -> None:
        super().__init__(sentence(rule, where=where, received=received, hint=hint))
        self.rule, self.hint = shortened(rule, _LONGEST_PART), shortened(hint, _LONGEST_PART)
        self.received = received


def _shown(key: str) -> str:
    """Return a key of a document in a form that can be read as one."""
    short = shortened(key, _LONGEST_KEY)
    return short if short.isprintable() else repr(short)


@dataclass(frozen=True)
class Problem:
    """One broken rule in a config.

    `path` holds the keys and list positions that lead to the value; `position` is
    ``file:line:column``, filled in where the config came from a document. `plugin` says that
    the value is in order but the plugin that it names cannot be used; `key`, that the rule is
    about the last key of `path` and not about its value.
    """

    path: tuple[str | int, ...]
    rule: str
    received: object = _UNSET
    hint: str = ""
    position: str = ""
    plugin: bool = False
    key: bool = False

    def within(self, *path: str | int) -> Problem:
        """Return this problem as seen from further out, where `path` leads to the config."""
        return replace(self, path=(*path, *self.path))

    def __str__(self) -> str:
        dotted = "".join(f"[{key}]" if isinstance(key, int) else f".{_shown(key)}" for key in self.path)
        where = ": ".join(text for text in (self.position, dotted.lstrip(".")) if text)
        return sentence(self.rule, where=where, received=self.received, hint=self.hint)


class ConfigError(OptiplugError, ValueError):
    """A config breaks one or more rules.

    `problems` lists the first 20 of them, and `more` says about how many there are beside: a file that
    breaks thousands of rules is not worth a megabyte of messages.
    """

    def __init__(
        self,
        problems: Sequence[Problem] | str,
        more: int = 0,
        /,
        *,
        where: str = "",
        **details: Unpack[_Details],
    ) -> None:
        if isinstance(problems, str):
            problems = [Problem(path=(), rule=problems, position=where, **details)]
        self.problems = tuple(problems[:MOST])
        self.more = more + len(problems) - len(self.problems)
        # Not the constructor of the base, which makes one sentence.
        Exception.__init__(self, "\n".join(self._lines()))

    def each(self, change: Callable[[Problem], Problem]) -> ConfigError:
        """Return this error with each of its problems changed, such as to what is seen from further out."""
        return ConfigError([change(problem) for problem in self.problems], self.more)

    def _lines(self) -> Iterator[str]:
        unsaid, length = self.more + len(self.problems), 0
        for problem in self.problems:
            line = str(problem)
            yield line
            unsaid, length = unsaid - 1, length + len(line.encode())
            if length > _LONGEST_MESSAGE:
                break
        if unsaid:
            yield f"... and about {unsaid:,} more."


class PluginError(OptiplugError):
    """A plugin that was asked for by name cannot be used."""


class UnknownPluginError(PluginError, LookupError):
    """No installed distribution offers this name."""

    __str__ = Exception.__str__  # LookupError's would do, KeyError's would quote


class AmbiguousPluginError(PluginError):
    """Several distributions offer this name."""


class BlockedPluginError(PluginError):
    """The plugin was blocked by the user."""


class BrokenPluginError(PluginError):
    """The plugin failed to import or does not hold what its entry point promises."""


class IncompatiblePluginError(PluginError):
    """The installed version of the plugin is not the one that was asked for."""


class DriftError(ConfigError, IncompatiblePluginError):
    """Plugins are not those in a lock file, and none of their code was run; `problems` lists all of them."""

    def __init__(
        self, problems: Sequence[Problem] | str, more: int = 0, /, **details: Unpack[_Message]
    ) -> None:
        super().__init__(problems, more, **details)
        first = self.problems[0]
        self.rule, self.received, self.hint = first.rule, first.received, first.hint


class HookError(OptiplugError, TypeError):
    """A hook does not fit its stage."""


class GradientsError(OptiplugError, TypeError):
    """The list of (gradient, variable) pairs is malformed."""


class ReplicaContextError(OptiplugError, RuntimeError):
    """The call needs another tf.distribute context."""


class BuildError(OptiplugError, RuntimeError):
    """The call comes before or after the moment at which it is allowed."""


class ClaimedError(OptiplugError):
    """Another process writes in this folder, or may do so; nothing was written."""


class WorkerError(OptiplugError, RuntimeError):
    """The workers of a cluster cannot go on together."""


class DifferentWorkersError(WorkerError):
    """Workers differ in what all must have in common; each of them raises this, with the same message.

    `differences` holds (worker, what, its value, that of the first worker); the message shows them as a
    table.
    """

    def __init__(
        self, rule: str, *, differences: Sequence[tuple[str, str, str, str]], **details: Unpack[_Message]
    ) -> None:
        super().__init__(rule, **details)
        self.differences = tuple(differences)
        head = ["worker", "what differs", "its value", "on the first worker"]
        self.args = (f"{self.args[0]}\n{_shortened(head, differences)}",)


class LostWorkerError(WorkerError):
    """A worker has ended, stands still, or did not come; `workers` has the names of those that are known."""

    def __init__(self, rule: str, *, workers: Sequence[str] = (), **details: Unpack[_Message]) -> None:
        super().__init__(rule, **details)
        self.workers = tuple(workers)


class StateError(OptiplugError, ValueError):
    """Saved state and what it is for differ; nothing was changed.

    `differences` holds (name, saved, expected) for each state variable that differs; the message
    shows them as a table.
    """

    def __init__(
        self, rule: str, *, differences: Sequence[tuple[str, str, str]] = (), **details: Unpack[_Message]
    ) -> None:
        super().__init__(rule, **details)
        self.differences = tuple(differences)
        if differences:
            self.args = (f"{self.args[0]}\n{_shortened(['name', 'saved', 'expected'], differences)}",)


class CorruptCheckpointError(StateError):
    """A checkpoint is damaged, incomplete, or holds other tensors than its manifest says."""


class MismatchedCheckpointError(StateError):
    """A checkpoint holds other variables than those that are there; `differences` lists them."""


class MissingPluginStateError(StateError):
    """A checkpoint holds the state of a plugin that the present optimizer does not have."""


class NewerCheckpointError(StateError):
    """A checkpoint, or the state of a plugin in it, was written by a newer version."""


class ChangedInputsError(StateError):
    """A checkpoint belongs to another config, to other data or versions; `differences` lists them."""
