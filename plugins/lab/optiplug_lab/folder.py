"""The folder of a run and the config in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import shutil
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from optiplug import ConfigError, StateError
from optiplug.checkpoint import saved_steps
from optiplug.checkpoint.claim import LOCK, Claim
from optiplug.checkpoint.files import is_draft, read_whole, remove_drafts, replace_file
from optiplug.errors import in_one_line

from .cluster import Cluster
from .config import TrainConfig
from .rows import LARGEST

__all__ = ["RunFolder", "config_text"]

_CONFIG = re.compile(r"config(?:-([2-9]|[1-9]\d+))?\.yaml")
_LONGEST_NAME = 200
_LARGEST_CONFIG = 2**20
_LINES_AT_START = 2
_LOGS = "workers"


class RunFolder:
    """The files of a run, and while it is entered the right of this process to write them.

    ``config.yaml`` with every default written out, ``metrics.csv``, ``events`` for TensorBoard,
    ``checkpoints``, and when the run has ended ``curves.png``, ``result.json`` with the final figures,
    and ``weights.npz`` with the final variables by name. A run that goes on with another config, or other
    data or versions, has ``config-2.yaml`` and so on: the newest is in force.

    Parameters
    ----------
    path
        Where it is.
    say
        Hears of what somebody who goes on with a run should know.
    cluster
        The workers of the run; None for a process alone.
    """

    def __init__(
        self, path: Path, *, say: Callable[[str], None] = warnings.warn, cluster: Cluster | None = None
    ) -> None:
        self.path, self._cluster = path, cluster
        self.config, self.metrics = path / "config.yaml", path / "metrics.csv"
        self.checkpoints, self.events = path / "checkpoints", path / "events"
        self.curves, self.weights = path / "curves.png", path / "weights.npz"
        self.result, self.logs = path / "result.json", path / _LOGS
        self.say, self._claim = say, Claim(path, say=say)
        self._made: Sequence[Path] = ()
        self._is_new = self._kept = False

    @classmethod
    def new(
        cls,
        path: Path | None,
        name: str,
        *,
        say: Callable[[str], None] = warnings.warn,
        cluster: Cluster | None = None,
    ) -> RunFolder:
        """Make the folder of a new run: `path`, or ``runs/<name>-<timestamp>``, which no other run has.

        What was made is removed when the folder is left with nothing in it.

        Raises
        ------
        ConfigError
            If there is something in it, or if it cannot be made.
        """
        try:
            path, made = _make_default(name) if path is None else (path, _make(path, exist_ok=True))
        # A name with a NUL is a ValueError.
        except (OSError, ValueError) as error:
            rule = f"the run folder cannot be made: {getattr(error, 'strerror', None) or error}"
            raise ConfigError(rule, where="--run-dir", received=str(path or name)) from None
        folder = cls(path, say=say, cluster=cluster)
        folder._made, folder._is_new = made, True
        # Of one that is claimed it is told by whom, when it is entered.
        if not (path / LOCK).exists():
            folder._check_new()
        return folder

    def __enter__(self) -> Self:
        self._claim.acquire()
        try:
            # Once more: another run may have begun and ended since.
            if self._is_new:
                self._check_new()
            remove_drafts(self.path)
            if self.checkpoints.is_dir():
                # Of the same process that was killed, which has been told of.
                with Claim(self.checkpoints, say=_heard_already):
                    pass
        except BaseException:
            self._claim.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._is_new and not self._kept:
            self._discard()
        if isinstance(error, Exception):
            self.explain(error)
        self._claim.release()
        _remove(self._made)

    def _check_new(self) -> None:
        # Who starts the workers of this machine has made a place for what they say.
        ours = {LOCK, _LOGS}
        if any(each.name not in ours and not is_draft(each) for each in self.path.iterdir()):
            raise ConfigError(
                "the run folder must be new or empty",
                where="--run-dir",
                received=str(self.path),
                hint=f"`--resume {self.path}` goes on with a run",
            )

    def explain(self, error: Exception) -> None:
        """Let an error say how to go on, if there is a run with steps that has not ended."""
        if self._kept and not self.result.exists():
            error.add_note(self.way_on("from the last saved step"))

    def way_on(self, whence: str = "") -> str:
        """Return the sentence that says how to go on."""
        command, where = f"optiplug train --resume {self.path}", ""
        if self._cluster is not None and self._cluster.local:
            command += f" --local-workers {len(self._cluster)}"
        elif self._cluster is not None:
            where = " on every worker"
        saved = saved_steps(self.checkpoints) if whence else []
        number = f", {saved[-1].step}" if saved and self._cluster is not None else ""
        return " ".join(filter(None, [f"`{command}`{where} goes on", f"{whence}{number}"])) + "."

    def verify(self) -> None:
        """Check that the folder is still that of this run.

        Raises
        ------
        ClaimedError
            If another process may write into it.
        """
        self._claim.verify()

    def keep(self) -> None:
        """Keep from now on what is in it: a new run that ends with an error before has nothing worth it."""
        self._kept = True

    def _discard(self) -> None:
        for path in (self.checkpoints, self.events):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.config, self.metrics):
            path.unlink(missing_ok=True)

    def forget_unbegun(self) -> None:
        """Remove what the workers of a run have said that has not begun."""
        if self._is_new and not self.config.exists():
            shutil.rmtree(self.logs, ignore_errors=True)
            _remove(self._made)

    def check_unbegun(self) -> None:
        """Check that the run has taken no step.

        Raises
        ------
        StateError
            If metrics.csv has steps.
        """
        with contextlib.suppress(FileNotFoundError):
            if read_whole(self.metrics, LARGEST).count(b"\n") > _LINES_AT_START:
                rule, hint = "there is no checkpoint, though metrics.csv has steps", "start a new run"
                raise StateError(rule, where=str(self.checkpoints), hint=hint)

    @property
    def config_in_force(self) -> Path:
        """The config that the run goes on with.

        Raises
        ------
        StateError
            If there is none.
        """
        configs = self._configs()
        if not configs:
            hint = f"`--run-dir {self.path}` begins one"
            raise StateError("there is no run in this folder", where=str(self.path), hint=hint)
        return configs[-1]

    def record(self, config: TrainConfig, notes: Sequence[str] = ()) -> None:
        """Write a config that makes this run again.

        One that was written before stays, and is enough if it says the same, with these notes or without
        any new ones.
        """
        comments = "".join(f"# {in_one_line(' '.join(note.split()))}\n" for note in notes)
        body, configs = config_text(config), self._configs()
        if configs:
            known = read_whole(configs[-1], _LARGEST_CONFIG).decode(errors="replace")
            if known.endswith(body) and known.startswith(comments):
                return
        else:
            self.path.mkdir(parents=True, exist_ok=True)
        number = _number_of(configs[-1]) + 1 if configs else 1
        replace_file(self.config if number == 1 else self.path / f"config-{number}.yaml", comments + body)

    def _configs(self) -> list[Path]:
        """Return what was recorded, the oldest first."""
        found = (path for path in self.path.glob("config*.yaml") if _CONFIG.fullmatch(path.name))
        return sorted(found, key=_number_of)


def _heard_already(text: str) -> None:
    pass


def _number_of(path: Path) -> int:
    match = _CONFIG.fullmatch(path.name)
    return int(match[1] or 1) if match else 0


def _make(path: Path, *, exist_ok: bool = False) -> list[Path]:
    """Make a folder; return what was made, with those around it that were not there, from the inside out."""
    made: list[Path] = []
    try:
        for each in (*(each for each in reversed(path.parents) if not each.exists()), path):
            try:
                each.mkdir()
                made.insert(0, each)
            except FileExistsError:  # by another process, meanwhile
                if not each.is_dir() or (each is path and not exist_ok):
                    raise
    except OSError:
        _remove(made)
        raise
    return made


def _remove(folders: Iterable[Path]) -> None:
    """Remove the folders that are empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _make_default(name: str) -> tuple[Path, list[Path]]:
    """Make ``runs/<name>-<timestamp>``; where that is there, as of a run begun in this second, another."""
    now = dt.datetime.now().astimezone()
    # A name of a file has at most 255 bytes.
    short = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    path = first = Path("runs") / f"{short}-{now:%Y%m%d-%H%M%S}"
    number = 1
    while True:
        # Making it decides: two that look whether it is there see the same.
        with contextlib.suppress(FileExistsError):
            return path, _make(path)
        number += 1
        path = first.with_name(f"{first.name}-{number}")


def config_text(config: TrainConfig) -> str:
    """Return the text of a file that makes a run again, with every default written out."""
    resolved = config.dump()
    del resolved["use"]
    text = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 110
    yaml.representer.add_representer(type(None), _null)
    yaml.dump({"command": "train", **resolved}, text)
    return text.getvalue()


def _null(representer: RoundTripRepresenter, _: None) -> ScalarNode:
    """Write what would be an empty place by default."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")
