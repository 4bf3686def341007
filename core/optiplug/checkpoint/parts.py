"""One saved step of several processes: each writes a part, and the first one commits them all at once."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from optiplug._regular_file import read_whole
from optiplug.errors import CorruptCheckpointError, StateError

from .files import fsync_folder, replace_file
from .manifest import LARGEST, Manifest
from .steps import SavedStep, name_of
from .writing import VALUES, flushed_files

__all__ = ["Parts"]

_SESSION = ".parts"
_PART = "part.json"
_PAUSE = 0.02


@dataclass(frozen=True)
class _Session:
    """What the first process tells the others: the run, and what tells this start of it from others."""

    run: str
    token: str


class Parts:
    """The part of one process in the steps that `processes` of them save together, into a shared folder.

    The others wait until the first has committed, at most for `patience` seconds, and it waits for them.
    """

    def __init__(self, folder: Path, process: int, processes: int, patience: float) -> None:
        self.folder, self.process, self.processes, self.patience = folder, process, processes, patience
        self._session: _Session | None = None
        self._own: dict[str, list[Any]] = {}

    @property
    def first(self) -> bool:
        """Whether this is the process that commits."""
        return self.process == 0

    @property
    def name(self) -> str:
        """What the names of the files with this part begin with."""
        return VALUES if self.processes == 1 else f"{VALUES}-{self._place(self.process)}"

    def begin(self, run: str | None) -> str:
        """Return the name of the run: what the first process says, or a new one."""
        if self._session is None:
            own = f".part-*-{self._place(self.process)}*"
            # Of a start before, whose parts must not be taken for those of this one.
            for path in [*self.folder.glob(own)] if self.processes > 1 else ():
                shutil.rmtree(path)
            if self.first:
                self._session = _Session(run or uuid.uuid4().hex, uuid.uuid4().hex)
                if self.processes > 1:
                    replace_file(self.folder / _SESSION, json.dumps(asdict(self._session)))
        if not self.first:
            self._session = self._awaited(self._read_session, "the first process to save")
            if run not in {None, self._session.run}:
                raise StateError("the first process saves another run", where=str(self.folder))
        assert self._session is not None  # noqa: S101  # for the type checker
        return self._session.run

    def collect(self, manifest: Manifest, draft: Path) -> Manifest:
        """Move the parts of the others into a draft, and return the manifest of all parts."""
        for other in range(1, self.processes):
            path = self._delivered(manifest.step, other)
            self._awaited(path.is_dir, f"process {other} to save step {manifest.step}")
            told = json.loads(read_whole(path / _PART, LARGEST))
            for name in told["files"]:
                (path / name).rename(draft / name)
            shutil.rmtree(path)
            manifest = replace(
                manifest,
                tables={**manifest.tables, **told["tables"]},
                state_versions={**manifest.state_versions, **told["state_versions"]},
                files={**manifest.files, **{name: tuple(each) for name, each in told["files"].items()}},
            )
        return manifest

    def deliver(self, manifest: Manifest, write: Callable[[str], None]) -> None:
        """Write the part of a process that is not the first, and return when the step is committed."""
        draft = self.folder / f".part-{manifest.step:08d}-{self._place(self.process)}-{os.getpid()}"
        draft.mkdir(parents=True)
        try:
            write(str(draft / self.name))
            files = flushed_files(draft)
            told = {"tables": manifest.tables, "state_versions": manifest.state_versions, "files": files}
            replace_file(draft / _PART, json.dumps(told))
            self._awaited(
                lambda: self._handed_over(draft, manifest.step), f"step {manifest.step} to be saved"
            )
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _handed_over(self, draft: Path, step: int) -> bool:
        """Give a part to the first process, and say whether it is in a step that was committed."""
        if draft.exists():
            self._session = self._read_session() or self._session
            self._own = json.loads(read_whole(draft / _PART, LARGEST))["files"]
            draft.rename(self._delivered(step, self.process))
            fsync_folder(self.folder)
        try:
            files = SavedStep(self.folder / name_of(step), step).manifest.files
        except CorruptCheckpointError:  # it is not there yet
            known = self._read_session()
            if known is not None and known != self._session:  # the first process was started again
                self._delivered(step, self.process).rename(draft)
            return False
        return all(files.get(name) == tuple(each) for name, each in self._own.items())

    def _delivered(self, step: int, process: int) -> Path:
        assert self._session is not None  # noqa: S101  # for the type checker
        return self.folder / f".part-{step:08d}-{self._place(process)}-{self._session.token}"

    def _place(self, process: int) -> str:
        return f"{process:05d}-of-{self.processes:05d}"

    def _read_session(self) -> _Session | None:
        try:
            return _Session(**json.loads(read_whole(self.folder / _SESSION, LARGEST)))
        except (OSError, ValueError, TypeError):
            return None

    def _awaited(self, found: Callable[[], Any], what: str) -> Any:
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            result = found()
            if result:
                return result
            time.sleep(_PAUSE)
        raise StateError(
            f"process {self.process} waited {self.patience:g} seconds for {what}",
            where=str(self.folder),
            hint="all processes save the same steps; `patience` is how long they wait for each other",
        )
