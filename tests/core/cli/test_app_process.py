"""The command line as a process: exit codes, streams, and how long it takes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from optiplug import registry

BLOCK_TENSORFLOW = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "tf_keras"}:
            raise AssertionError(f"{name} was imported")
sys.meta_path.insert(0, Refuse())
from optiplug.cli import main
main()
"""
SPY = """
import sys
seen = set()
def hook(event, args):
    if event == "import":
        seen.add(args[0])
    if event == "exec":
        # The folders of a file are the packages that it is in, as far as it is in one.
        seen.update(args[0].co_filename.replace(".py", "").split("/")[-2:])
sys.addaudithook(hook)
from optiplug.cli import main
try:
    main()
finally:
    print(*sorted(seen), file=sys.stderr)
"""


def optiplug(*arguments, code=None, **environment):
    command = ["-m", "optiplug.cli"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "", **environment},
        check=False,
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--json"),
        ("show", "sgd"),
        ("show", "train", "--json"),
        ("schema",),
        ("schema", "cosine"),
        ("--help",),
        ("--version",),
        ("train", "--help"),
    ],
    ids=" ".join,
)
def test_tensorflow_is_not_imported(arguments):
    result = optiplug(*arguments, code=BLOCK_TENSORFLOW)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout


def test_tensorflow_is_not_imported_to_check_a_run(write):
    path = write(
        "command: train\ntask: digits\nsteps: 1\noptimizer: {use: adam, use_ema: true, processors: [monitor]}"
    )
    result = optiplug("check", path, code=BLOCK_TENSORFLOW)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("list",), {}),
        (("list", "--json"), {}),
        (("list", "adam", "--wide"), {}),
        (("--help",), {}),
        ((), {"_OPTIPLUG_COMPLETE": "complete_bash", "COMP_WORDS": "optiplug\nshow\na", "COMP_CWORD": "2"}),
        ((), {"_OPTIPLUG_COMPLETE": "complete_bash", "COMP_WORDS": "optiplug\nl", "COMP_CWORD": "1"}),
    ],
    ids=["list", "json", "words", "help", "name", "command"],
)
def test_to_list_plugins_runs_none_of_them(arguments, environment):
    packages = {entry.target.partition(".")[0].partition(":")[0] for entry in registry.entries()}
    result = optiplug(*arguments, code=SPY, **environment)
    assert (result.returncode, bool(result.stdout)) == (0, True)
    ran = {name.partition(".")[0] for name in result.stderr.split()}
    assert {"optiplug", "typer"} <= ran
    assert "optiplug_sgd" in packages
    assert not ran & packages


def test_show_runs_the_code_of_one_plugin_apart():
    result = optiplug("show", "sgd", code=SPY)
    assert "Gradient descent" in result.stdout
    assert not [name for name in result.stderr.split() if name.startswith("optiplug_")]


@pytest.mark.parametrize(
    "arguments",
    [("lst",), ("list", "--kin"), ("show",), ("check",), ("explain", "a.yaml", "b.yaml"), ("--nope",)],
)
def test_usage_errors(run, arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


def test_without_arguments_it_shows_its_help():
    result = optiplug()
    assert result.returncode == 2
    assert "explain" in result.stdout + result.stderr


def test_version():
    from importlib.metadata import version

    assert optiplug("--version").stdout == f"optiplug {version('optiplug-core')}\n"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["use: sgd", "command: train\ntask: digits\nsteps: 1\noptimizer: sgd"])
def test_explain_says_nothing_of_tensorflow(write, text):
    environment = {"TF_CPP_MIN_LOG_LEVEL": "", "TF_ENABLE_ONEDNN_OPTS": "1"}
    result = optiplug("explain", write(text), **environment)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.sampled(5)
@pytest.mark.parametrize("command", ["", "list", "show", "check", "schema", "explain", "train"])
def test_help_does_not_show_flags_as_options_with_a_value(command):
    shown = optiplug(*command.split(), "--help", COLUMNS="100").stdout
    assert "--help" in shown
    assert "<bool>" not in shown
