"""`optiplug checkpoint`: what is saved in a folder, looked at and compared."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from optiplug import checkpoint
from optiplug.checkpoint import Manifest, SavedStep, differences, saved_steps
from optiplug.errors import StateError

from .exits import ExitCode
from .output import FORMAT, message, muted_stderr, print_json, print_table, print_text

if TYPE_CHECKING:  # its module imports TensorFlow
    from optiplug.checkpoint import ValueDifference

__all__ = ["diff_steps", "list_steps", "show_step", "steps_at", "verify_steps"]

# Where `optiplug train` has those of a run.
_OF_RUN = "checkpoints"
# What TensorFlow puts behind the path of a value, and how it writes a slash in a name.
_ENDING = re.compile(r"/\.ATTRIBUTES/\w+$")
_ESCAPED = re.compile(r"\.(.)")


def steps_at(path: str) -> list[SavedStep]:
    """Return the steps that a path means: one, or those in a folder or in the folder of a run, ascending.

    Raises
    ------
    typer.BadParameter
        If it is no folder that can be read.
    StateError
        If there are none.
    """
    folder = Path(path)
    folder = folder.resolve() if folder.name in ("", "..") else folder
    try:
        if not folder.is_dir():
            raise typer.BadParameter(f"{path!r} is no folder", param_hint="PATH")
        itself = [each for each in saved_steps(folder.parent) if each.path.name == folder.name]
        found = itself or saved_steps(folder) or saved_steps(folder / _OF_RUN)
    except OSError as error:
        raise typer.BadParameter(f"{path!r} cannot be read: {error.strerror}", param_hint="PATH") from None
    if not found:
        raise StateError(
            "there is no checkpoint",
            where=path,
            hint="give a folder called `step-` and a number, one with such folders, or a run folder",
        )
    return found


def list_steps(path: str, as_json: bool) -> None:
    """Print a line for each step that is saved."""
    told = [_told(each) for each in steps_at(path)]
    if as_json:
        print_json({"format": FORMAT, "path": path, "steps": told})
        return
    rows = [
        (
            Path(each["path"]).name,
            "" if each["error"] else f"{each['bytes']:,} bytes",
            "" if each["error"] else f"{each['tensors']} tensors",
            each["error"] or f"optiplug {each['optiplug']}, TensorFlow {each['tensorflow']}",
        )
        for each in told
    ]
    styles = ["red" if each["error"] else "" for each in told]
    print_table(path, ("step", "size", "", "saved with"), rows, styles)


def show_step(path: str, as_json: bool) -> None:
    """Print everything that the manifest of a step says, of the newest if there are several."""
    step = steps_at(path)[-1]
    manifest = step.manifest
    if as_json:
        content = {each.name: getattr(manifest, each.name) for each in fields(manifest)}
        files = {name: {"sha256": sha256, "bytes": size} for name, (sha256, size) in manifest.files.items()}
        print_json({"format": FORMAT, "path": str(step.path), **content, "files": files})
        return
    facts = {
        "step": str(manifest.step),
        "saved with": f"optiplug {manifest.optiplug}, TensorFlow {manifest.tensorflow}",
        "run": manifest.run,
        **{name: f"{size:,} bytes" for name, (_, size) in manifest.files.items()},
    }
    print_table(str(step.path), ("", ""), facts.items())
    for title, values in (
        ("identity", manifest.identity),
        ("metadata", manifest.metadata),
        ("versions of state", manifest.state_versions),
    ):
        rows = [(name, json.dumps(value)) for name, value in _flat(values)]
        if rows:
            print_text("")
            print_table(title, ("", ""), rows)
    print_text("")
    tensors = [(_readable(key), dtype, _shape(shape)) for key, (dtype, shape) in manifest.table.items()]
    print_table("tensors", ("name", "dtype", "shape"), sorted(tensors), folds=False)


def verify_steps(path: str, as_json: bool) -> None:
    """Compare the files of each step with the checksums that were saved with it."""
    problems: dict[SavedStep, StateError | None] = {}
    for step in steps_at(path):
        problems[step] = _problem(step)
        if as_json:
            continue
        if problems[step] is None:
            print_text(f"{step.path}: whole")
        else:
            message(str(problems[step]))
    if as_json:
        steps = [
            {"step": step.step, "path": str(step.path), "valid": error is None, "error": _text(error)}
            for step, error in problems.items()
        ]
        valid = all(each["valid"] for each in steps)
        print_json({"format": FORMAT, "path": path, "valid": valid, "steps": steps})
    if any(problems.values()):
        raise typer.Exit(ExitCode.CHECKPOINT)


def diff_steps(one: str, other: str, values: bool, as_json: bool) -> None:
    """Print what differs between two steps, the newest ones if there are several; exit with 1 if anything."""
    first, second = steps_at(one)[-1], steps_at(other)[-1]
    told = differences(first.manifest, second.manifest)
    found: list[ValueDifference] = []
    if values:
        with muted_stderr():  # TensorFlow has much to say while it loads
            found = checkpoint.value_differences(first, second)
    if as_json:
        print_json(
            {
                "format": FORMAT,
                "one": str(first.path),
                "other": str(second.path),
                "equal": not (told or found),
                "differences": [dict(zip(("name", "one", "other"), each, strict=True)) for each in told],
                "values": [{**asdict(each), "largest": _finite(each.largest)} for each in found],
            }
        )
    else:
        _print_differences(f"{first.path}, {second.path}", told, found, values)
    if told or found:
        raise typer.Exit(ExitCode.FAILED)


def _print_differences(
    title: str, told: list[tuple[str, str, str]], found: list[ValueDifference], values: bool
) -> None:
    if not told and not found:
        print_text(f"{title}: no difference{'' if values else '; values were not compared'}")
        return
    if told:
        print_table(title, ("name", "one", "other"), [(_readable(name), *rest) for name, *rest in told])
    if found:
        rows = [
            (
                _readable(each.key),
                f"{each.elements:,} of {each.size:,}",
                "" if each.largest is None else f"{each.largest:.3g}",
            )
            for each in found
        ]
        print_text("")
        print_table("values", ("tensor", "elements that differ", "largest difference"), rows, folds=False)


def _told(step: SavedStep) -> dict[str, Any]:
    try:
        manifest: Manifest | None = step.manifest
        error = None
    except StateError as found:
        manifest, error = None, found
    return {
        "step": step.step,
        "path": str(step.path),
        "bytes": None if manifest is None else sum(size for _, size in manifest.files.values()),
        "tensors": None if manifest is None else len(manifest.table),
        "optiplug": None if manifest is None else manifest.optiplug,
        "tensorflow": None if manifest is None else manifest.tensorflow,
        "metadata": None if manifest is None else manifest.metadata,
        "error": _text(error),
    }


def _problem(step: SavedStep) -> StateError | None:
    try:
        step.verify()
    except StateError as error:
        return error
    return None


def _text(error: StateError | None) -> str | None:
    return None if error is None else str(error)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _flat(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield each value in nested mappings with its path."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}".strip("."))
    elif path:
        yield path, value


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _readable(key: str) -> str:
    """Return the key of a value as a path, without what TensorFlow adds."""
    path, ending = _ENDING.subn("", key)
    return _ESCAPED.sub(lambda match: "/" if match[1] == "S" else match[1], path) if ending else key
