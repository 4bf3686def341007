"""The commands of `optiplug` and their options; the work is done in modules imported when needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from optiplug.errors import nearest
from optiplug.registry import KINDS

from .contributed import contribute
from .exits import guarded
from .output import own_stdout, print_text, with_own_stdout

__all__ = ["application", "main"]

_EPILOG = (
    "Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 config invalid, 4 plugin missing or incompatible, "
    "5 checkpoint unusable. OPTIPLUG_DEBUG=1 shows tracebacks."
)


def _known_kind(value: str | None) -> str | None:
    if value is not None and value not in KINDS:
        hint = nearest(value, KINDS) or f"the kinds are {', '.join(KINDS)}"
        raise typer.BadParameter(f"{value!r} is no kind of plugin; {hint}")
    return value


def _show_version(value: bool) -> None:
    if value:
        # Imported late, as is every command: the command line answers in a fraction of a second.
        from importlib.metadata import version

        print_text(f"optiplug {version('optiplug-core')}")
        raise typer.Exit


File = Annotated[
    str, typer.Argument(metavar="FILE", help="A config in YAML, TOML or JSON.", show_default=False)
]
Kind = Annotated[
    str | None,
    typer.Option(
        metavar="KIND", callback=_known_kind, help=f"One of {', '.join(KINDS)}.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
]


def optiplug(version: Version = False) -> None:
    """TensorFlow optimizers assembled from plugins."""


def list_(kind: Kind = None, as_json: Json = False) -> None:
    """List the installed plugins."""
    from .listing import list_plugins

    list_plugins(kind, as_json)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="NAME or NAME@DISTRIBUTION of a plugin.")],
    kind: Kind = None,
    as_json: Json = False,
) -> None:
    """Show what a plugin does and every field of its config."""
    from .showing import show_plugin

    show_plugin(name, kind, as_json)


def check(file: File, as_json: Json = False) -> None:
    """Validate a config file and print every problem in it."""
    from .checking import check_file

    check_file(file, as_json)


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One plugin; by default, all.", show_default=False)
    ] = None,
    kind: Kind = None,
    as_json: Annotated[bool, typer.Option("--json", help="Has no effect: a schema is JSON.")] = False,  # noqa: ARG001
) -> None:
    """Print the JSON Schema of config files, for editors and other programs."""
    from .schemas import print_schema

    print_schema(name, kind)


def explain(file: File, as_json: Json = False) -> None:
    """Show what a config file means: every value with its origin, every stage with its processors."""
    from .explaining import explain_file

    explain_file(file, as_json)


_COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_,
    "show": show,
    "check": check,
    "schema": schema,
    "explain": explain,
}


def application(argv: Sequence[str]) -> typer.Typer:
    """Return the application with the commands that the command line `argv` can mean."""
    # typer's own tracebacks would print local variables.
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, epilog=_EPILOG)
    app.callback()(optiplug)
    for name, command in _COMMANDS.items():
        app.command(name)(with_own_stdout(guarded(command)))
    with own_stdout():
        contribute(app, argv, tuple(_COMMANDS))
    return app


def main() -> None:
    """Run the command line of this process."""
    application(sys.argv[1:])(prog_name="optiplug")
