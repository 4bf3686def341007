"""Commands that plugins contribute under the entry point group optiplug.commands."""

from __future__ import annotations

import sys

import pytest

CONFIG = '''
from optiplug import CommandConfig

class Greet(CommandConfig):
    """Greet [bold]somebody[/bold]."""
    implementation = "fake_greet_command:greet"
    name: str = "you"
    """Who."""

class Broken(CommandConfig):
    """Never works."""
    implementation = "fake_broken_command:run"

class Odd(CommandConfig):
    """Names no function."""
    implementation = "fake_greet_command:TIMES"
'''
COMMAND = '''
from typing import Annotated
import typer
from optiplug import ConfigError, StateError

TIMES = 1

def greet(name: str, times: int = TIMES, fail: Annotated[str, typer.Option(help="What fails.")] = "") -> None:
    """Say hello to NAME; [i]not italic[/i]."""
    if fail == "config":
        raise ConfigError("must be polite", where="name", received=name)
    if fail == "state":
        raise StateError("there is nothing to resume")
    for _ in range(times):
        typer.echo(f"hello {name}")
'''


@pytest.fixture(autouse=True)
def commands(install):
    install(
        "fake-greet",
        points={
            "commands": {
                "greet": "fake_greet:Greet",
                "broken": "fake_greet:Broken",
                "odd": "fake_greet:Odd",
                "gone": "fake_gone:Gone",
                "list": "fake_greet:Greet",
            }
        },
        modules={"fake_greet": CONFIG, "fake_greet_command": COMMAND, "fake_broken_command": "1 / 0"},
    )


def test_runs_with_its_own_arguments(run):
    assert run("greet", "world", "--times", 2).stdout == "hello world\nhello world\n"


def test_has_its_own_help(run):
    text = run("greet", "--help").stdout
    assert "Say hello to NAME; [i]not italic[/i]." in text
    assert "What fails." in text


def test_a_wrong_argument_is_a_usage_error(run):
    assert run("greet").exit_code == 2
    assert run("greet", "world", "--tims", "2").exit_code == 2


@pytest.mark.parametrize(("kind", "code"), [("config", 3), ("state", 5)])
def test_its_errors_become_exit_codes(run, kind, code):
    result = run("greet", "world", "--fail", kind)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr


def test_help_names_all_and_imports_none(run):
    text = " ".join(run("--help").stdout.split())
    assert "Greet [bold]somebody[/bold]." in text
    assert "Cannot be used" in text  # the command `gone`
    assert not {"fake_greet", "fake_greet_command", "fake_broken_command"} & set(sys.modules)


def test_list_imports_no_command(run):
    assert "Greet [bold]somebody[/bold]." in run("list").stdout
    assert "fake_greet" not in sys.modules


def test_another_command_imports_nothing_of_it(run, write):
    assert run("check", write("use: sgd")).exit_code == 0
    assert "fake_greet" not in sys.modules


@pytest.mark.parametrize("name", ["broken", "odd", "gone"])
def test_a_broken_one_says_so_and_harms_no_other(run, name):
    for arguments in [(), ("file", "--option"), ("--help",)]:
        result = run(name, *arguments)
        assert (result.exit_code, result.stdout) == (4, ""), result.output
        assert "Traceback" not in result.stderr
    assert run("greet", "world").exit_code == 0


def test_a_built_in_command_cannot_be_replaced(run):
    assert "optimizers" in run("list").stdout


def test_the_nearest_name_is_offered(run):
    result = run("gret")
    assert result.exit_code == 2
    assert "Did you mean 'greet'?" in result.stderr


def test_two_distributions_with_one_command(run, install):
    install("fake-other", points={"commands": {"greet": "fake_greet:Greet"}})
    assert run("greet", "world").exit_code == 4
    assert run("greet@fake-greet", "world").stdout == "hello world\n"
