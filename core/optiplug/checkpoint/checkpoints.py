"""Saves and restores the values of a training loop."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import tensorflow as tf

from optiplug.errors import (
    ChangedInputsError,
    ConfigError,
    CorruptCheckpointError,
    MismatchedCheckpointError,
    NewerCheckpointError,
    StateError,
)

from .claim import Claim
from .manifest import Manifest, changes, plain
from .parts import Parts
from .restoring import restore_values, restore_weights
from .steps import Latest, SavedStep, latest_valid, name_of, saved_steps
from .values import Taken, Values
from .writer import Writer
from .writing import remove_older, write_step

__all__ = ["Checkpoints", "Restored"]

_MOST_STEPS = 10**18 - 1


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes
    ----------
    step, path
        The step that it was saved after, and its folder.
    metadata
        What was given to `save`.
    changed
        What differs from the identity that was saved, as (name, saved, now), where that was allowed.
    skipped
        Newer steps that are damaged, and what is wrong with them.
    unused
        The keys of saved values that were not asked for, with `weights_only`.
    """

    step: int
    path: Path
    metadata: Mapping[str, Any]
    changed: tuple[tuple[str, str, str], ...] = ()
    skipped: tuple[tuple[Path, str], ...] = ()
    unused: tuple[str, ...] = ()


class Checkpoints:
    """The saved steps of one training run, in a folder.

    A step is a folder, ``step-00000600``, with what `tf.train.Checkpoint` writes and a manifest, in which
    there are checksums of all files. It is written aside and renamed when all is on the disk: it is whole or
    absent, whenever the process is killed.

    Parameters
    ----------
    folder
        Where the steps are; it is made by the first `save`.
    values
        What is saved, by name: models, optimizers, iterators of `tf.data`, generators, variables, and
        lists and dictionaries of these.
    identity
        What the values depend on, as JSON in sections, such as ``{"config": ..., "data": ...}``. It is saved,
        and compared when a step is restored. By default nothing is.
    keep
        How many steps stay, None: all. Older ones of the same run are removed after a save.
    asynchronous
        Whether `save` returns when it has the values, and a thread writes them. The next `save` waits for it,
        and raises what went wrong; so do `wait` and `close`.
    process, processes
        Which one of several processes this is, each of which saves values of its own into one folder that all
        of them see. All save the same steps, and a step is there when all parts are.
    patience
        For how many seconds processes wait for each other.

    Raises
    ------
    ConfigError
        If an argument is none of these.

    Examples
    --------
    >>> import tempfile, tensorflow as tf
    >>> from optiplug.checkpoint import Checkpoints
    >>> weight = tf.Variable(3.0)
    >>> with Checkpoints(tempfile.mkdtemp(), {"weight": weight}) as checkpoints:
    ...     saved = checkpoints.save(1, metadata={"loss": 0.5})
    ...     _ = weight.assign(0.0)
    ...     restored = checkpoints.restore()
    >>> saved.name, restored.step, restored.metadata["loss"], float(weight)
    ('step-00000001', 1, 0.5, 3.0)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        values: Mapping[str, object],
        *,
        identity: Mapping[str, object] | None = None,
        keep: int | None = 2,
        asynchronous: bool = False,
        process: int = 0,
        processes: int = 1,
        patience: float = 600.0,
    ) -> None:
        if keep is not None and (type(keep) is not int or keep < 1):
            raise ConfigError("must be None or a number from 1 on", where="keep", received=keep)
        self.folder = Path(folder).absolute()
        self._values = Values(values)
        self._identity = None if identity is None else _plain(identity, "identity")
        self._keep, self._asynchronous = keep, asynchronous
        if type(process) is not int or type(processes) is not int or not 0 <= process < processes:
            raise ConfigError("must be a number below `processes`", where="process", received=process)
        self._claim = Claim(self.folder)
        self._parts = Parts(self.folder, process, processes, patience)
        self._writer = Writer()
        self._run: str | None = None
        # Those that are known to be whole: they were written or restored here.
        self._valid: set[int] = set()
        self._step: int | None = None

    @property
    def step(self) -> int | None:
        """The step that was saved or restored last, None before; it may still be on its way to the disk."""
        return self._step

    def save(self, step: int, *, metadata: Mapping[str, object] = MappingProxyType({})) -> Path:
        """Save the values as they are after `step` steps, and return the folder of the step.

        Parameters
        ----------
        step
            Larger than all that are saved.
        metadata
            JSON that `restore` returns, such as the position in the data.

        Raises
        ------
        StateError
            If this step or a later one is saved already, or if another run saved into this folder.
        ClaimedError
            If another process saves into this folder.
        OSError
            If the disk is full, or the folder cannot be written to: now, or after the `save` before.
        """
        number, known = _whole(step), _plain(metadata, "metadata")
        self.wait()
        self._claim_folder()
        self._require_next(number)
        snapshot = self._values.snapshot()
        self._run = self._parts.begin(self._run)
        manifest = Manifest(
            step=number,
            run=self._run,
            identity=self._identity or {},
            tables={self._parts.name: snapshot.table},
            state_versions=snapshot.state_versions,
            files={},
            tensorflow=tf.__version__,
            optiplug=version("optiplug-core"),
            metadata=known,
        )
        before, self._step = self._step, number
        self._writer.start(partial(self._commit, manifest, snapshot, before))
        if not self._asynchronous:
            self.wait()
        return self.folder / name_of(number)

    def _commit(self, manifest: Manifest, snapshot: Taken, before: int | None) -> None:
        try:
            if self._parts.first:
                write_step(self.folder, manifest.step, partial(self._write, manifest, snapshot))
            else:
                self._parts.deliver(manifest, snapshot.write)
        except BaseException:
            self._step = before
            raise
        self._valid.add(manifest.step)
        if self._keep is not None and self._parts.first:
            remove_older(self.folder, manifest.run, self._valid, self._keep)

    def _write(self, manifest: Manifest, snapshot: Taken, draft: Path) -> Manifest:
        snapshot.write(str(draft / self._parts.name))
        return self._parts.collect(manifest, draft)

    def wait(self) -> None:
        """Return when all that was saved is on the disk; raise what went wrong with it."""
        self._writer.wait()

    def close(self) -> None:
        """Wait, and let others save into the folder. The next `save` claims it again."""
        try:
            self.wait()
        finally:
            self._claim.release()

    def _claim_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._parts.first and not self._claim.held:
            self._claim.acquire()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def restore(
        self,
        step: int | None = None,
        *,
        allow_changed: Collection[str] = (),
        weights_only: bool = False,
    ) -> Restored:
        """Give all values what was saved of them, or none of them anything.

        Parameters
        ----------
        step
            Which step, None: the newest one that is whole. If that is not the newest, a warning says so, and
            `Restored.skipped` why.
        allow_changed
            Sections of the identity that may differ, such as ``["data"]``.
        weights_only
            Whether only the variables of models are restored: no state of optimizers, no iterators and
            generators. The identity is not compared then.

        Raises
        ------
        StateError
            If there is no such step.
        CorruptCheckpointError
            If it is damaged, or all are.
        NewerCheckpointError
            If a newer version of optiplug or of a plugin wrote it.
        ChangedInputsError
            If its identity is another.
        MissingPluginStateError
            If it holds the state of a plugin that the optimizer does not have.
        MismatchedCheckpointError
            If its variables are not those that are there.
        """
        self.wait()
        with ThreadPoolExecutor(1) as beside:
            # Checksums need no Python, so they are computed while the present values are taken.
            looking = beside.submit(self._look, step)
            before = self._values.snapshot()
        saved, skipped = self._chosen(looking.result())
        manifest = saved.manifest
        changed = () if weights_only else self._compared(manifest, allow_changed, saved.path)
        if self._parts.name not in manifest.tables:
            raise MismatchedCheckpointError(
                "the checkpoint has the parts of other processes; nothing was changed",
                where=str(saved.path),
                received=sorted(manifest.tables),
                hint=f"this process would restore {self._parts.name}",
            )
        restore = restore_weights if weights_only else restore_values
        unused = restore(before, saved.path / self._parts.name, manifest.tables[self._parts.name])
        if not weights_only:
            self._run, self._step = manifest.run, saved.step
            self._valid.add(saved.step)
        return Restored(saved.step, saved.path, manifest.metadata, changed, skipped, unused)

    def _look(self, step: int | None) -> Latest:
        if step is None:
            return latest_valid(self.folder)
        known = {each.step: each for each in saved_steps(self.folder)}
        if step not in known:
            raise StateError(
                "there is no such step", where=str(self.folder), received=step, hint=f"there are {[*known]}"
            )
        known[step].verify()
        return Latest(known[step], ())

    def _chosen(self, latest: Latest) -> tuple[SavedStep, tuple[tuple[Path, str], ...]]:
        skipped = tuple((each.path, str(error)) for each, error in latest.skipped)
        self._valid -= {each.step for each, _ in latest.skipped}
        newer = next((error for _, error in latest.skipped if isinstance(error, NewerCheckpointError)), None)
        if newer is not None:
            raise newer
        if latest.saved is None and skipped:
            reasons = "; ".join(reason for _, reason in skipped)
            raise CorruptCheckpointError(
                f"none of {len(skipped)} saved steps is whole: {reasons}", where=str(self.folder)
            )
        if latest.saved is None:
            raise StateError("there is no checkpoint", where=str(self.folder))
        for _, reason in skipped:
            warnings.warn(f"{reason} {latest.saved.path.name} is restored.", stacklevel=3)
        return latest.saved, skipped

    def _compared(
        self, manifest: Manifest, allowed: Collection[str], path: Path
    ) -> tuple[tuple[str, str, str], ...]:
        if self._identity is None:
            return ()
        found = tuple(changes(manifest.identity, self._identity))
        refused = [each for each in found if each[0].partition(".")[0] not in allowed]
        if refused:
            sections = sorted({name.partition(".")[0] for name, _, _ in refused})
            raise ChangedInputsError(
                f"the checkpoint is of other inputs: {', '.join(sections)}; nothing was changed",
                where=str(path),
                hint=f"allow_changed={sections} goes on with it",
                differences=refused,
            )
        return found

    def _require_next(self, step: int) -> None:
        """Refuse a step that would not be the newest of its run, or would be in the folder of another run."""
        for saved in saved_steps(self.folder) if self._parts.first else ():
            if saved.step in self._valid and saved.step < step:
                continue
            try:
                run = saved.manifest.run
                if run == self._run and saved.step >= step:
                    saved.verify()
            except CorruptCheckpointError:
                continue
            if run != self._run:
                raise StateError(
                    f"{saved.path.name} is there, which another run saved",
                    where=str(self.folder),
                    hint="`restore` goes on with that run; a new one needs another folder",
                )
            if saved.step >= step:
                raise StateError(
                    f"{saved.path.name} is saved already, and nothing is overwritten",
                    where=str(self.folder),
                    received=step,
                    hint="move the later steps away, or save into another folder",
                )


def _plain(value: Mapping[str, object], where: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = plain(value)
    except TypeError as error:
        raise ConfigError(f"must be JSON: {error}", where=where) from error
    if not isinstance(kept, dict):
        raise ConfigError("must be a mapping", where=where, received=value)
    return kept


def _whole(step: object) -> int:
    try:
        number = -1 if isinstance(step, bool) else operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number <= _MOST_STEPS:
        raise ConfigError(f"must be a whole number from 0 to {_MOST_STEPS}", where="step", received=step)
    return number
