"""The command `optiplug train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optiplug import ConfigError, StateError, registry
from optiplug.document import read

from .config import TrainConfig

__all__ = ["read_config", "train"]


def train(
    file: Annotated[
        Path | None,
        typer.Argument(
            show_default=False, help="The config of the run; with --resume, by default the run's own."
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", show_default=False, help="Continue the run in this folder, bit for bit."),
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", show_default=False, help="Run folder; by default runs/NAME-TIMESTAMP."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show neither progress nor summary.")] = False,
) -> None:
    """Train a task with an optimizer as FILE says, into a run folder."""
    if resume is not None and run_dir is not None:
        raise ConfigError("cannot be combined with --resume", where="--run-dir", received=str(run_dir))
    if resume is not None and not resume.is_dir():
        raise StateError("there is no run folder", where="--resume", received=str(resume))
    if file is None:
        if resume is None:
            raise typer.BadParameter("is required, except with --resume", param_hint="FILE")
        file = resume / "config.yaml"
    config = read_config(file)

    from .launch import launch

    launch(config, file.stem, resume=resume, run_dir=run_dir, quiet=quiet)


def read_config(path: Path) -> TrainConfig:
    """Read the config of a run: a document that begins with ``command: train``.

    Raises
    ------
    ConfigError
        With file, line and column of every problem.
    """
    document = read(path)
    fields = dict(document.data)
    command = fields.pop("command", None)
    try:
        if registry.get("commands", command) is TrainConfig:
            return TrainConfig(**fields)
    except ConfigError as error:
        raise document.locate(error) from None
    where = document.position(("command",), key=True)
    raise ConfigError("`command` must be `train`", where=where, received=command)
