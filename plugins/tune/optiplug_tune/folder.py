"""The folder of a study: its ranges, its journal, the best config so far and the report."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import itertools
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from optiplug import ConfigError
from optiplug.checkpoint.files import is_draft, replace_file
from optiplug.document import read
from optiplug.errors import ChangedInputsError

from .locks import FileLock
from .space import Space, read_space, write_best

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

__all__ = ["StudyFolder"]

_OURS = {"space.yaml", ".turn", "trials", "study.journal"}
_LONGEST_NAME = 200


class StudyFolder:
    """The files of a study.

    ``space.yaml`` is the config with its ranges, ``study.journal`` has all trials, ``best.yaml`` is the best
    config, ``index.html`` and ``results.json`` are the report. In ``trials`` there is a claim for each trial
    that is running.

    Parameters
    ----------
    path
        Where it is, or is to be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.space, self.journal = path / "space.yaml", path / "study.journal"
        self.best, self.page, self.results = path / "best.yaml", path / "index.html", path / "results.json"
        self.trials, self.turn = path / "trials", path / ".turn"

    @classmethod
    def named(cls, name: str) -> StudyFolder:
        """Make ``tune/<name>-<timestamp>``, which no other study has."""
        now = dt.datetime.now().astimezone()
        short = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
        first = Path("tune") / f"{short}-{now:%Y%m%d-%H%M%S}"
        for number in itertools.count(1):
            path = first if number == 1 else first.with_name(f"{first.name}-{number}")
            # Making it decides: two that look whether it is there see the same.
            with contextlib.suppress(FileExistsError):
                path.mkdir(parents=True)
                return cls(path)
        raise AssertionError

    @property
    def way_on(self) -> str:
        """The command that goes on with the study."""
        return f"optiplug tune --study {shlex.quote(str(self.path))}"

    @property
    def has_study(self) -> bool:
        """Whether there is a study to go on with."""
        return self.journal.is_file() and self.space.is_file()

    def prepare(self) -> None:
        """Make the folder, for a study that begins or goes on.

        Raises
        ------
        ConfigError
            If there is something else in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        there = [each for each in self.path.iterdir() if not is_draft(each)]
        others = sorted(each.name for each in there if each.name not in _OURS)
        if others and not self.has_study:
            rule = "must be a study, or a folder that is new or empty"
            raise ConfigError(rule, where="--study", received=str(self.path), hint=f"it has {others[0]!r}")
        self.trials.mkdir(exist_ok=True)

    def turn_taken(self) -> FileLock:
        """Return the lock that who begins or ends a trial has to hold."""
        return FileLock(self.turn)

    def keep_space(self, space: Space, source: Path | None = None) -> None:
        """Write the ranges, as a copy of the file that they are from if that is YAML and nothing was set.

        Raises
        ------
        ChangedInputsError
            If the study has others.
        """
        if self.space.is_file():
            differences = list(_differences(read(self.space).data, space.data))
            if differences:
                raise ChangedInputsError(
                    "the study has another config; nothing was changed",
                    where=str(self.space),
                    hint=f"`{self.way_on}` goes on with its own; begin a new study for this",
                    differences=differences,
                )
            return
        is_copy = source is not None and source.suffix in (".yaml", ".yml")
        if is_copy and source is not None and read(source).data == space.data:
            replace_file(self.space, source.read_bytes())
        else:
            replace_file(self.space, _as_yaml(space.data))

    def read_space(self) -> Space:
        """Return the ranges of the study."""
        return read_space(self.space)

    def write_results(self, text: str) -> None:
        """Write what is known of the study, for programs."""
        replace_file(self.results, f"{text}\n")

    def write_best(self, space: Space, trial: FrozenTrial, provenance: Mapping[str, object]) -> None:
        """Write the config of a trial in place of the best one before; for whose turn it is."""
        write_best(self.best, space, trial.params, provenance)


def _as_yaml(data: Mapping[str, Any]) -> str:
    stream = io.StringIO()
    YAML().dump(dict(data), stream)
    return stream.getvalue()


def _differences(study: Any, given: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield what differs in two configs: the path, what the study has, what is given."""
    if isinstance(study, Mapping) and isinstance(given, Mapping):
        for key in [*study, *(key for key in given if key not in study)]:
            where = f"{path}.{key}" if path else str(key)
            yield from _differences(study.get(key), given.get(key), where)
    elif study != given or type(study) is not type(given):
        yield path, str(study), str(given)
