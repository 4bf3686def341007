"""The command `optiplug new`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .names import KINDS, Names, checked, distribution_for, gathered, taken, warnings_about
from .words import say, shown

__all__ = ["TEMPLATE", "new"]

TEMPLATE = Path(__file__).parent / "template"
"""The folder of the template, as copier wants it."""

_FORMAT = 1


def _plugins(kind: str, about: str) -> Any:
    return typer.Option(f"--{kind}", metavar="NAME", show_default=False, help=f"Add {about}; again for more.")


Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="DIR",
        show_default=False,
        help="A folder that is not there yet, or is empty; by default that of the distribution's name.",
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", show_default=False, help="Of the distribution; by default optiplug- and the plugin's."
    ),
]
Optimizers = Annotated[list[str] | None, _plugins("optimizer", "an optimizer of this name")]
Processors = Annotated[list[str] | None, _plugins("processor", "a processor")]
Schedules = Annotated[list[str] | None, _plugins("schedule", "a schedule")]
Tasks = Annotated[list[str] | None, _plugins("task", "a task for `optiplug train`")]
Commands = Annotated[list[str] | None, _plugins("command", "a command of `optiplug`")]
Summary = Annotated[
    str, typer.Option(metavar="TEXT", show_default=False, help="What it is for, in one line with a period.")
]
Author = Annotated[str, typer.Option(metavar="TEXT", help="Who it is by.")]
License = Annotated[
    Literal["Apache-2.0", "MIT", "BSD-3-Clause", "none"], typer.Option(help="Under which others may use it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was written as JSON, for programs.")]


def new(
    ctx: typer.Context,
    folder: Folder = None,
    *,
    name: Name = None,
    optimizer: Optimizers = None,
    processor: Processors = None,
    schedule: Schedules = None,
    task: Tasks = None,
    command: Commands = None,
    summary: Summary = "",
    author: Author = "The authors",
    license: License = "Apache-2.0",
    as_json: AsJson = False,
) -> None:
    """Write a distribution with plugins to begin with: code that runs, its tests, CI and pages."""
    given = {
        "optimizer": optimizer,
        "processor": processor,
        "schedule": schedule,
        "task": task,
        "command": command,
    }
    commands = _own_commands(ctx)
    plugins = gathered({kind: names or () for kind, names in given.items()}, commands) or _asked(commands)
    distribution = distribution_for(name, plugins)
    target = _free(folder or Path(distribution))
    answers = {
        "plugins": dict(plugins),
        "distribution": distribution,
        "author": _line("--author", author),
        "license": license,
        **({"summary": _line("--summary", summary)} if summary else {}),
    }
    warnings = list(warnings_about(plugins, distribution))
    _render(target, {**answers, **_alone(plugins), "taken": taken(plugins, distribution)})
    _report(target, answers, warnings, as_json=as_json)


def _own_commands(ctx: typer.Context) -> list[str]:
    """Return the commands of the command line itself, which a plugin cannot have again."""
    root = ctx.find_root().command
    return [each for each in getattr(root, "commands", ()) if each != ctx.info_name]


def _asked(commands: list[str]) -> Names:
    """Return what somebody at a terminal answers; elsewhere there is nobody to ask."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "say what it adds, as in --optimizer NAME", param_hint=" / ".join(map("--{}".format, KINDS))
        )

    def of_kind(text: str) -> str:
        if text not in KINDS:
            raise typer.BadParameter(f"one of {', '.join(KINDS)}")
        return text

    kind = typer.prompt(f"What does it add ({', '.join(KINDS)})", default="optimizer", value_proc=of_kind)
    name = typer.prompt(
        "Its name in configs, such as sign_momentum", value_proc=lambda text: checked(kind, text, commands)
    )
    return {name: kind}


def _free(folder: Path) -> Path:
    """Return a folder into which nothing was written yet; a repository that was just begun is one."""
    if folder.exists() and (not folder.is_dir() or {each.name for each in folder.iterdir()} - {".git"}):
        raise typer.BadParameter(f"{str(folder)!r} is there already, and not empty", param_hint="DIR")
    return folder


def _line(option: str, text: str) -> str:
    """Return a text that can stand in TOML, Python and Markdown as it is."""
    if not text.isprintable() or set(text) & set('"\\{}') or not text.strip():
        raise typer.BadParameter("one line without quotes, backslashes and braces", param_hint=option)
    if option == "--summary" and not text.endswith("."):
        raise typer.BadParameter("must end with a period", param_hint=option)
    return text


def _alone(plugins: Names) -> dict[str, str]:
    """Return what the template asks for first: a plugin alone has its summary, and several have one each."""
    (name, kind), *others = plugins.items()
    return {"kind": "several"} if others else {"kind": kind, "name": name}


def _render(folder: Path, answers: Mapping[str, object]) -> None:
    import copier

    # The file of answers is for `copier update`, which needs a template with versions.
    copier.run_copy(
        str(TEMPLATE), folder, data=dict(answers), exclude=[".copier-answers.yml"], defaults=True, quiet=True
    )


def _report(folder: Path, answers: Mapping[str, object], warnings: list[str], *, as_json: bool) -> None:
    for warning in warnings:
        say(f"Warning: {warning}.")
    files = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    files = [each for each in files if not each.startswith(".git/")]
    if as_json:
        told = {"format": _FORMAT, "folder": str(folder), **answers, "files": files, "warnings": warnings}
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(f"{shown(str(folder))}: {len(files)} files. To go on:")
    typer.echo(f'  cd {shown(str(folder))} && pip install -e ".[dev]"')
    typer.echo(f"  python -m pytest && optiplug test --distribution {answers['distribution']}")
