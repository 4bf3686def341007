"""The command `optiplug convert`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from optiplug import ConfigError
from optiplug.document import FORMATS, Document, read, read_stream
from optiplug.errors import Problem

from . import conversion
from .conversion import Conversion
from .detection import LIBRARIES
from .writing import as_yaml

__all__ = ["convert"]

FORMAT = 1
"""Version of the JSON that is printed."""

_LIBRARIES = ", ".join(LIBRARIES)

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="What describes the optimizer, in YAML, TOML or JSON; - is stdin.",
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="LIBRARY", show_default=False, help=f"{_LIBRARIES}; by default, it is detected."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", show_default=False, help="Write the config to this YAML file, not to stdout."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="With --output: replace a file that is there.")]
Partial = Annotated[
    bool, typer.Option("--partial", help="Convert what can be, with a comment for what is left out.")
]
Format = Annotated[
    str | None,
    typer.Option(
        metavar="FORMAT",
        show_default=False,
        help="Format of standard input: yaml (the default), toml or json.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print config, comments and what is left out as JSON.")]


def convert(
    file: File,
    *,
    from_: From = None,
    output: Output = None,
    force: Force = False,
    partial: Partial = False,
    format: Format = None,
    as_json: AsJson = False,
) -> None:
    """Convert an optimizer of Keras, TensorFlow Addons, Model Garden, torch or optax into a config.

    A comment stands at everything that differs in its numbers.
    What has no counterpart is refused with exit code 3, unless --partial leaves it out.
    """
    _check(file, from_, output, force, format)
    document = _read(file, format)
    # What plugins print while they are imported must not come between the lines of the config.
    with contextlib.redirect_stdout(sys.stderr):
        converted = _converted(document, from_, partial)
    if output is not None:
        _write(output, as_yaml(converted), force)
    if as_json:
        typer.echo(json.dumps(_told(converted), indent=2, allow_nan=False))
    elif output is None:
        typer.echo(as_yaml(converted), nl=False)


def _check(file: str, from_: str | None, output: Path | None, force: bool, format: str | None) -> None:
    """Refuse options that make no sense together."""
    if from_ is not None and from_ not in LIBRARIES:
        raise typer.BadParameter(f"must be one of {_LIBRARIES}, and not {from_!r}", param_hint="--from")
    if format is not None and format not in FORMATS.values():
        raise typer.BadParameter("must be yaml, toml or json", param_hint="--format")
    if format is not None and file != "-":
        raise typer.BadParameter("is for standard input, which is - as FILE", param_hint="--format")
    if force and output is None:
        raise typer.BadParameter("needs --output", param_hint="--force")
    if output is not None and FORMATS.get(output.suffix.lower()) != "yaml":
        raise typer.BadParameter("must end in .yaml or .yml", param_hint="--output")


def _read(file: str, format: str | None) -> Document:
    return read_stream(sys.stdin.buffer, format or "yaml", "<stdin>") if file == "-" else read(file)


def _converted(document: Document, source: str | None, partial: bool) -> Conversion:
    try:
        return conversion.convert(document.data, source, partial=partial)
    except ConfigError as error:
        raise document.locate(error) from None


def _write(path: Path, text: str, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        rule = "exists already, and is not replaced without --force"
        raise typer.BadParameter(rule, param_hint=f"--output {path}") from None


def _told(converted: Conversion) -> Mapping[str, object]:
    notes = [
        {"path": _dotted(path), "note": note} for path, texts in converted.notes.items() for note in texts
    ]
    left = [_left(problem) for problem in converted.left_out]
    config = {"config": converted.fields, "notes": notes, "left_out": left}
    return {"format": FORMAT, "from": converted.source, **config}


def _left(problem: Problem) -> Mapping[str, object]:
    return {"path": _dotted(problem.path), "rule": problem.rule, "hint": problem.hint}


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
