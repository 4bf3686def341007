"""`optiplug lock`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from optiplug._config.base import NamedConfig
from optiplug.checkpoint.files import replace_file
from optiplug.errors import ConfigError, DriftError
from optiplug.locking import NAME, Lock, LockFile, beside, changes, lock_of, read_lock

from .checking import problems_as_json
from .exits import ExitCode, debugging
from .loading import load, read_config
from .output import FORMAT, message, print_json, print_table, print_text

__all__ = ["lock_files"]

_SUFFIX = Path(NAME).suffix
_COLUMNS = ("what", "was", "is")


def lock_files(files: Sequence[str], format: str, output: str | None, check: bool, as_json: bool) -> None:
    """Write the lock file of configs and print what changed in it; or with `check` print what would change.

    Then plugins that are not as locked are not imported, and the exit code is 1.
    """
    path = _path(files, output)
    if check:
        _check(files, format, read_lock(path), as_json)
        return
    configs = [load(read_config(file, format)) for file in files]
    before, now = _former(path), lock_of(configs)
    found = list(changes(before.file if before else None, now))
    # A file that is as it would be written keeps its date.
    if before is None or before.file != now:
        replace_file(path, now.text())
    _print(path, now, found, as_json)


def _path(files: Sequence[str], output: str | None) -> str:
    """Return where the lock file is, which all configs have to be beside if no other place is given."""
    if output is not None and Path(output).suffix != _SUFFIX:
        raise typer.BadParameter(f"must end in {_SUFFIX}, as {NAME} does", param_hint="--output")
    places = list(dict.fromkeys(map(beside, files)))
    if output is None and len(places) > 1:
        rule = f"is needed for configs in several folders; beside them would be {', '.join(places)}"
        raise typer.BadParameter(rule, param_hint="--output")
    return output or places[0]


def _former(path: str) -> Lock | None:
    """Return the lock file that is to be replaced, if it can be read; after a merge it may not be."""
    try:
        return read_lock(path)
    except ConfigError as error:
        if Path(path).exists():
            message(f"It is written anew: {error}")
        return None


def _check(files: Sequence[str], format: str, lock: Lock, as_json: bool) -> None:
    configs: list[NamedConfig] = []
    drifts: list[DriftError] = []
    for file in files:
        try:
            configs.append(load(read_config(file, format), lock))
        except DriftError as error:
            if debugging():
                raise
            drifts.append(error)
    # What has drifted is not imported, so what else has changed is not known then.
    found = [] if drifts else list(changes(lock.file, lock_of(configs)))
    valid = not drifts and not found
    if as_json:
        problems = [problem for error in drifts for problem in problems_as_json(error)]
        told = {"up_to_date": valid, "problems": problems, "changes": _as_json(found)}
        print_json({"format": FORMAT, "lock": lock.source, **told})
    elif valid:
        print_text(f"{lock.source}: up to date")
    for drift in drifts if not as_json else ():
        message(str(drift))
    if found and not as_json:
        print_table(f"{lock.source}: not up to date; `optiplug lock` writes it again", _COLUMNS, found)
    if not valid:
        raise typer.Exit(ExitCode.FAILED)


def _print(path: str, now: LockFile, found: Sequence[tuple[str, str, str]], as_json: bool) -> None:
    if as_json:
        print_json({"format": FORMAT, "lock": path, "changes": _as_json(found), **_dumped(now)})
        return
    plugins = sum(len(names) for each in now.distributions.values() for names in each.plugins.values())
    title = f"{path}: {_count(plugins, 'plugin')} of {_count(len(now.distributions), 'distribution')}"
    if found:
        print_table(title, _COLUMNS, found)
    else:
        print_text(f"{title}, as before")


def _dumped(now: LockFile) -> dict[str, object]:
    dumped = now.model_dump(mode="json")
    del dumped["format"]  # of the file, and not of this
    return dumped


def _as_json(found: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [dict(zip(_COLUMNS, each, strict=True)) for each in found]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
