"""The command `optiplug train`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from optiplug import ConfigError, OptiplugError, StateError, registry
from optiplug.cli.output import message
from optiplug.document import Document, Setting, override, parse_setting, read
from optiplug.errors import Problem

from .config import INPUTS, TrainConfig
from .folder import RunFolder
from .interruption import Interruption

__all__ = ["read_config", "read_run", "train"]


File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="The config of the run; with --resume, by default the run's own.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        show_default=False,
        help="A value in place of FILE's, such as optimizer.learning_rate=0.01; may be given again.",
    ),
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="RUN", show_default=False, help="Continue the run in this folder, bit for bit."),
]
AllowChanged = Annotated[
    str,
    typer.Option(
        metavar="INPUTS",
        show_default=False,
        help=f"With --resume: continue though these changed, and record it; of {','.join(INPUTS)}.",
    ),
]
RebuildMetrics = Annotated[
    bool,
    typer.Option("--rebuild-metrics", help="With --resume: write metrics.csv again, from the event files."),
]
RunDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", show_default=False, help="Run folder; by default runs/NAME-TIMESTAMP."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs: an object for each line of progress.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show neither progress nor summary.")]


def train(
    file: File = None,
    *,
    set_: Settings = None,
    resume: Resume = None,
    allow_changed: AllowChanged = "",
    rebuild_metrics: RebuildMetrics = False,
    run_dir: RunDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a task with an optimizer as FILE says, into a run folder."""
    if resume is not None and run_dir is not None:
        raise typer.BadParameter("cannot be combined with --resume", param_hint="--run-dir")
    allowed = _allowed(allow_changed, resume)
    if rebuild_metrics and resume is None:
        raise typer.BadParameter("needs --resume", param_hint="--rebuild-metrics")
    settings = list(map(_setting, set_ or ()))
    # The folder is claimed before TensorFlow is loaded, which takes seconds, and before it is read.
    with contextlib.ExitStack() as stack:
        stack.enter_context(Interruption(at_once=True))
        if resume is not None:
            folder = stack.enter_context(_existing_folder(resume))
            document, config = read_run(file or folder.config_in_force, settings)
        elif file is None:
            raise typer.BadParameter("is required, except with --resume", param_hint="FILE")
        else:
            document, config = read_run(file, settings)
            folder = _new_folder(stack, run_dir, file.stem)

        from .launch import launch

        launch(
            config,
            folder,
            document=document,
            resume=resume is not None,
            allow_changed=allowed,
            rebuild_metrics=rebuild_metrics,
            as_json=as_json,
            quiet=quiet,
        )


def read_config(path: Path) -> TrainConfig:
    """Return the config that `read_run` reads."""
    return read_run(path)[1]


def read_run(path: Path, settings: Sequence[Setting] = ()) -> tuple[Document, TrainConfig]:
    """Read the config of a run, a document that begins with ``command: train``, with these settings in it.

    Raises
    ------
    ConfigError
        With file, line and column of every problem, or the setting.
    """
    document = override(read(path), settings)
    try:
        return document, _config(document)
    except ConfigError as error:
        raise document.locate(error) from None


def _config(document: Document) -> TrainConfig:
    fields = dict(document.data)
    if "use" in fields and "command" not in fields:
        rule = "this is the config of an optimizer, and a run has a task, too"
        hint = "write `command: train`, `task`, `steps`, and all of this under `optimizer`"
        raise ConfigError([Problem(("use",), rule, fields["use"], hint, key=True)])
    if "command" not in fields:
        hint = "begin the file with `command: train`"
        raise ConfigError([Problem(("command",), "is required", hint=hint)])
    command = fields.pop("command")
    try:
        known = isinstance(command, str) and registry.get("commands", command) is TrainConfig
    except OptiplugError:
        known = False
    if not known:
        raise ConfigError([Problem(("command",), "must be `train`", command)])
    return TrainConfig(**fields)


def _setting(text: str) -> Setting:
    try:
        return parse_setting(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error).removeprefix("--set: "), param_hint="--set") from None


def _allowed(text: str, resume: Path | None) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in INPUTS]
    if unknown:
        rule = f"must be of {', '.join(INPUTS)}, with commas between them, and not {unknown[0]!r}"
        raise typer.BadParameter(rule, param_hint="--allow-changed")
    if names and resume is None:
        raise typer.BadParameter("needs --resume", param_hint="--allow-changed")
    return names


def _new_folder(stack: contextlib.ExitStack, path: Path | None, name: str) -> RunFolder:
    try:
        return stack.enter_context(RunFolder.new(path, name, say=message))
    except ConfigError as error:
        raise typer.BadParameter(str(error).removeprefix("--run-dir: "), param_hint="--run-dir") from None


def _existing_folder(path: Path) -> RunFolder:
    if not path.is_dir():
        raise StateError("there is no run folder", where="--resume", received=str(path))
    return RunFolder(path, say=message)
