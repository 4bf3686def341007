"""The command `optiplug train`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from optiplug import ConfigError, IncompatiblePluginError, OptiplugError, StateError, registry
from optiplug.document import Document, Setting, located, override, parse_setting, read
from optiplug.errors import Problem
from optiplug.locking import Lock, lock_for, under

from .cluster import VARIABLE, Cluster
from .config import INPUTS, MULTI_WORKER, TrainConfig
from .folder import RunFolder
from .interruption import Interruption
from .local_workers import free_addresses, train_on_workers
from .words import say
from .worker_process import end_with_parent

__all__ = ["read_config", "read_run", "setting", "train"]


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
LocalWorkers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        show_default=False,
        help="With `strategy: multi_worker`: start N workers on this machine, to try it out.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs: an object for each line of progress.")
]
Locked = Annotated[
    bool,
    typer.Option("--locked", help="Refuse plugins that are not as in the file optiplug.lock beside FILE."),
]
LockPath = Annotated[
    Path | None,
    typer.Option("--lock", metavar="PATH", show_default=False, help="As --locked, with this lock file."),
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
    local_workers: LocalWorkers = None,
    locked: Locked = False,
    lock: LockPath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a task with an optimizer as FILE says, into a run folder."""
    if resume is not None and run_dir is not None:
        raise typer.BadParameter("cannot be combined with --resume", param_hint="--run-dir")
    allowed = _allowed(allow_changed, resume)
    if rebuild_metrics and resume is None:
        raise typer.BadParameter("needs --resume", param_hint="--rebuild-metrics")
    settings, cluster = list(map(setting, set_ or ())), _cluster(local_workers)
    writes = local_workers is None and (cluster is None or cluster.is_chief)
    # The folder is claimed before TensorFlow is loaded, which takes seconds, and before it is read.
    with contextlib.ExitStack() as stack:
        stack.enter_context(Interruption(at_once=True))
        claim = stack.enter_context if writes else _unclaimed
        folder = None if resume is None else claim(_existing_folder(resume, cluster))
        source = file if folder is None else file or folder.config_in_force
        if source is None:
            raise typer.BadParameter("is required, except with --resume", param_hint="FILE")
        held = lock_for(source, locked=locked, path=lock)
        document, config = _read_fitting(source, settings, cluster, held)
        if folder is None and (writes or local_workers):
            folder = _new_folder(claim, run_dir, source.stem, cluster)
        if local_workers and cluster and folder:
            place = ["--run-dir" if resume is None else "--resume", str(folder.path)]
            flags = {"--rebuild-metrics": rebuild_metrics, "--json": as_json, "--quiet": quiet}
            options = _options(set_, allow_changed, held, flags)
            train_on_workers(folder, cluster, [*([str(file)] if file else []), *place, *options])
            return
        if cluster and cluster.local:
            end_with_parent()
        from .launch import launch

        launch(
            config,
            folder if writes else None,
            cluster=cluster if config.strategy == MULTI_WORKER else None,
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


def read_run(
    path: Path, settings: Sequence[Setting] = (), lock: Lock | None = None
) -> tuple[Document, TrainConfig]:
    """Read the config of a run, a document that begins with ``command: train``, with these settings in it.

    Raises
    ------
    ConfigError
        With file, line and column of every problem, or the setting; a DriftError if plugins are not as a
        lock file says.
    """
    document = override(read(path), settings)
    return document, under(lock, lambda: _located_config(document), document)


def _located_config(document: Document) -> TrainConfig:
    try:
        return _config(document)
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
    except IncompatiblePluginError as error:
        problem = Problem(("command",), error.rule, command, error.hint, plugin=True)
        raise ConfigError([problem]) from None
    except OptiplugError:
        known = False
    if not known:
        raise ConfigError([Problem(("command",), "must be `train`", command)])
    return TrainConfig(**fields)


def setting(text: str) -> Setting:
    """Return what an option `--set` says.

    Raises
    ------
    typer.BadParameter
        If it says nothing that can be set.
    """
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


def _options(
    settings: Sequence[str] | None, allow_changed: str, lock: Lock | None, flags: Mapping[str, bool]
) -> list[str]:
    """Return what workers are told of the options that were given."""
    return [
        *(f"--set={each}" for each in settings or ()),
        *([f"--allow-changed={allow_changed}"] if allow_changed else []),
        *([f"--lock={lock.source}"] if lock else []),
        *(flag for flag, given in flags.items() if given),
    ]


def _cluster(local_workers: int | None) -> Cluster | None:
    """Return the workers that TF_CONFIG names, or that are to be started here; None if there are none."""
    try:
        cluster = Cluster.of_environment()
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint=VARIABLE) from None
    if local_workers is None:
        return cluster
    if cluster is not None:
        rule = f"cannot be combined with {VARIABLE}, which names workers already"
        raise typer.BadParameter(rule, param_hint="--local-workers")
    return Cluster(free_addresses(local_workers), 0, local=True)


def _read_fitting(
    path: Path, settings: Sequence[Setting], cluster: Cluster | None, lock: Lock | None
) -> tuple[Document, TrainConfig]:
    """Read a config that fits the workers that there are."""
    document, config = read_run(path, settings, lock)
    try:
        _check_fit(config, cluster)
    except ConfigError as error:
        raise located(error, document) from None
    return document, config


def _check_fit(config: TrainConfig, cluster: Cluster | None) -> None:
    several = config.strategy == MULTI_WORKER
    if several and cluster is None:
        rule = f"needs {VARIABLE}, which is not set"
        hint = "launchers set it for each worker; `--local-workers 2` starts two on this machine"
        raise ConfigError(rule, where="strategy", received=MULTI_WORKER, hint=hint)
    if cluster is None:
        return
    if not several and (cluster.local or len(cluster) > 1):
        rule = f"must be `{MULTI_WORKER}` for {len(cluster)} workers, each of which would train alone"
        told = "`--local-workers`" if cluster.local else VARIABLE
        hint = f"write `strategy: {MULTI_WORKER}`, or do without {told}"
        raise ConfigError(rule, where="strategy", received=config.strategy, hint=hint)
    if config.batch_size % len(cluster):
        rule = f"must be divisible by the number of workers, {len(cluster)}: each has an equal share"
        raise ConfigError(rule, where="batch_size", received=config.batch_size)


def _unclaimed(folder: RunFolder) -> RunFolder:
    """Leave a folder to the worker that writes into it."""
    return folder


def _new_folder(
    claim: Callable[[RunFolder], RunFolder], path: Path | None, name: str, cluster: Cluster | None
) -> RunFolder:
    try:
        return claim(RunFolder.new(path, name, say=say, cluster=cluster))
    except ConfigError as error:
        raise typer.BadParameter(str(error).removeprefix("--run-dir: "), param_hint="--run-dir") from None


def _existing_folder(path: Path, cluster: Cluster | None) -> RunFolder:
    if not path.is_dir():
        raise StateError("there is no run folder", where="--resume", received=str(path))
    return RunFolder(path, say=say, cluster=cluster)
