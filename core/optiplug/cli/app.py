"""The commands of `optiplug` and their options; the work is done in modules imported when needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from optiplug._plain_text import plain
from optiplug.errors import nearest
from optiplug.registry import KINDS

from .arguments import Locked, LockPath, Output, Replicas, Rows, Servers, Sharded, Strategy
from .completion import (
    command_line,
    complete_file,
    complete_folder,
    complete_format,
    complete_kind,
    complete_name,
    complete_task,
)
from .contributed import contribute
from .exits import guarded
from .output import own_stdout, plain_usage_errors, print_text, with_own_stdout
from .streams import standard_streams

__all__ = ["application", "main"]

_EPILOG = (
    "Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 config invalid, 4 plugin missing or incompatible, "
    "5 checkpoint unusable. OPTIPLUG_DEBUG=1 shows tracebacks."
)
_SINGULAR = {kind.removesuffix("s"): kind for kind in KINDS}


def _known_kind(value: str | None) -> str | None:
    if value is None or value in KINDS:
        return value
    if value in _SINGULAR:
        return _SINGULAR[value]
    hint = nearest(value, [*KINDS, *_SINGULAR]) or f"the kinds are {', '.join(KINDS)}"
    raise typer.BadParameter(f"{value!r} is no kind of plugin; {hint}")


def _known_format(value: str | None) -> str | None:
    if value is not None and value not in complete_format(""):
        raise typer.BadParameter(f"{value!r} is none of yaml, toml and json")
    return value


def _format_of(files: Sequence[str], given: str | None) -> str:
    """Return the format of standard input; that of a file is told by its name."""
    if given is not None and "-" not in files:
        raise typer.BadParameter("is for standard input, which is - as FILE", param_hint="--format")
    return given or "yaml"


def _show_version(value: bool) -> None:
    if value:
        # Imported late, as is every command: the command line answers in a fraction of a second.
        from importlib.metadata import version

        print_text(f"optiplug {version('optiplug-core')}")
        raise typer.Exit


_FILE_HELP = "A config in YAML, TOML or JSON; - is standard input."


def _file(name: str) -> Any:
    return typer.Argument(metavar=name, help=_FILE_HELP, autocompletion=complete_file, show_default=False)


File = Annotated[str, _file("FILE")]
Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE", help=_FILE_HELP, autocompletion=complete_file, show_default=False),
]
_STEPS_HELP = "A saved step, a folder with steps, or the folder of a run."


def _steps(name: str) -> Any:
    return typer.Argument(metavar=name, help=_STEPS_HELP, autocompletion=complete_folder, show_default=False)


Steps = Annotated[str, _steps("PATH")]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="NAME or NAME@DISTRIBUTION of a plugin.", autocompletion=complete_name
    ),
]
SomeName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="One plugin; by default, all.",
        autocompletion=complete_name,
        show_default=False,
    ),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="WORD",
        help="Only plugins whose name, summary, paper or distribution has all of these.",
        autocompletion=complete_name,
        show_default=False,
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        callback=_known_kind,
        autocompletion=complete_kind,
        help=f"Only one kind: {', '.join(_SINGULAR)}.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        callback=_known_format,
        autocompletion=complete_format,
        help="Format of standard input: yaml, which is the default, toml or json.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
]


def optiplug(version: Version = False) -> None:
    """TensorFlow optimizers assembled from plugins."""


def list_(
    words: Words = None,
    kind: Kind = None,
    wide: Annotated[bool, typer.Option("--wide", help="Also paper, distribution and status.")] = False,
    as_json: Json = False,
) -> None:
    """List the installed plugins, or search among them."""
    from .listing import list_plugins

    list_plugins(words or [], kind, wide, as_json)


def show(name: Name, kind: Kind = None, as_json: Json = False) -> None:
    """Show how to write a plugin in a config, what it does, and every field of its config."""
    from .showing import show_plugin

    show_plugin(name, kind, as_json)


def check(
    files: Files,
    locked: Locked = False,
    lock: LockPath = None,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Validate config files and print every problem in them."""
    from .checking import check_files

    check_files(files, _format_of(files, format), locked, lock, as_json)


def lock(
    files: Files,
    output: Output = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if the lock file would change.")
    ] = False,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Write down which plugins config files use, with versions and sums of their files, for --locked."""
    from .locking import lock_files

    lock_files(files, _format_of(files, format), output, check, as_json)


def diff(
    one: Annotated[str, _file("ONE")],
    other: Annotated[str, _file("OTHER")],
    every: Annotated[
        bool, typer.Option("--all", help="Show what is equal, and defaults that only one has, too.")
    ] = False,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Compare what two config files mean, with origins; exits with 1 if anything differs."""
    from .differing import diff_files

    diff_files(one, other, _format_of([one, other], format), every, as_json)


def schema(
    name: SomeName = None,
    kind: Kind = None,
    as_json: Annotated[bool, typer.Option("--json", help="Has no effect: a schema is JSON.")] = False,  # noqa: ARG001
) -> None:
    """Print the JSON Schema of config files, for editors and other programs."""
    from .schemas import print_schema

    print_schema(name, kind)


def explain(
    file: File,
    *,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="NAME",
            help="Show what happens to each variable of this task; by default, of the task in FILE.",
            autocompletion=complete_task,
            show_default=False,
        ),
    ] = None,
    replicas: Replicas = None,
    strategy: Strategy = None,
    servers: Servers = None,
    sharded: Sharded = False,
    rows: Rows = None,
    locked: Locked = False,
    lock: LockPath = None,
    every: Annotated[bool, typer.Option("--all", help="Show defaults, too.")] = False,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Show what a config file means: values with their origins, stages with their processors, variables."""
    from optiplug.locking import lock_for

    from .explaining import explain_file
    from .scaling import cluster_of

    explain_file(
        file,
        _format_of([file], format),
        task=task,
        cluster=cluster_of(replicas, strategy, servers, sharded, rows or []),
        lock=lock_for(file, locked=locked, path=lock),
        every=every,
        as_json=as_json,
    )


def doctor(
    *,
    imports: Annotated[
        bool, typer.Option("--imports/--no-imports", help="Also import each plugin, in a process apart.")
    ] = True,
    again: Annotated[
        bool, typer.Option("--again", help="Import also those that were tried before and have not changed.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there is only a warning.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong with installed plugins, where, and what to do; exits with 4 if one cannot be used."""
    from .doctor import examine

    examine(imports=imports, again=again, strict=strict, as_json=as_json)


def checkpoint() -> None:
    """Look at what `optiplug train` and `optiplug.checkpoint` have saved."""


def list_checkpoints(path: Steps, as_json: Json = False) -> None:
    """List the steps that are saved, with their sizes and versions."""
    from .checkpoints import list_steps

    list_steps(path, as_json)


def show_checkpoint(path: Steps, as_json: Json = False) -> None:
    """Show all that a saved step tells of itself: identity, metadata, tensors; of several, the newest."""
    from .checkpoints import show_step

    show_step(path, as_json)


def verify_checkpoints(path: Steps, as_json: Json = False) -> None:
    """Compare all files with the checksums that were saved with them; exits with 5 if one differs."""
    from .checkpoints import verify_steps

    verify_steps(path, as_json)


def diff_checkpoints(
    one: Annotated[str, _steps("ONE")],
    other: Annotated[str, _steps("OTHER")],
    no_values: Annotated[
        bool, typer.Option("--no-values", help="Leave out the values, for which TensorFlow is imported.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare two saved steps, their values bit by bit; exits with 1 if anything differs."""
    from .checkpoints import diff_steps

    diff_steps(one, other, not no_values, as_json)


_COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_,
    "show": show,
    "check": check,
    "schema": schema,
    "explain": explain,
    "doctor": doctor,
    "diff": diff,
    "lock": lock,
}
_CHECKPOINT: dict[str, Callable[..., None]] = {
    "list": list_checkpoints,
    "show": show_checkpoint,
    "verify": verify_checkpoints,
    "diff": diff_checkpoints,
}


class _Command(TyperCommand):
    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        return list(map(_in_words, super().get_params(ctx)))


class _Group(TyperGroup):
    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        return list(map(_in_words, super().get_params(ctx)))

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with plain_usage_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with plain_usage_errors():
            return super().invoke(ctx)


def _in_words(param: Any) -> Any:
    """Let the help be plain text, and not say that a flag is a truth value, as if it took one."""
    param.help = plain(getattr(param, "help", None) or "")
    if isinstance(param, TyperOption) and param.is_flag and param.metavar is None:
        param.metavar = ""
    return param


def application(argv: Sequence[str]) -> typer.Typer:
    """Return the application with the commands that the command line `argv` can mean."""
    # typer's own tracebacks would print local variables.
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, epilog=_EPILOG, cls=_Group)
    app.callback()(optiplug)
    _add(app, _COMMANDS)
    group = typer.Typer(no_args_is_help=True, cls=_Group)
    group.callback()(checkpoint)
    _add(group, _CHECKPOINT)
    app.add_typer(group, name=checkpoint.__name__)
    with own_stdout():
        contribute(partial(app.command, cls=_Command), argv, (*_COMMANDS, checkpoint.__name__))
    return app


def _add(app: typer.Typer, commands: Mapping[str, Callable[..., None]]) -> None:
    for name, command in commands.items():
        app.command(name, cls=_Command)(with_own_stdout(guarded(command)))


def main() -> None:
    """Run the command line of this process."""
    # TensorFlow logs what it looked for and did not find; what really fails raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    guarded(_run)()


def _run() -> None:
    with standard_streams():
        application(command_line())(prog_name="optiplug")
