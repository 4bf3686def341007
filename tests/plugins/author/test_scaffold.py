"""`optiplug new`: what it writes, what it warns of, and what it refuses before it writes anything."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.fake_distributions import config_module, installing

KINDS = {
    "optimizer": "sign_momentum",
    "processor": "relative-bound",
    "schedule": "inverse_root",
    "task": "two_spirals",
    "command": "rates",
}
EVERY = [text for kind, name in KINDS.items() for text in (f"--{kind}", name)]
LONG = "a" * 62


def new(*arguments):
    argv = ["new", *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "200"}).invoke(application(argv), argv)


def refused(*arguments):
    result = new(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    return " ".join(result.stderr.replace("│", " ").split())


def styled(folder):
    """Check the style of a distribution by what it says itself."""
    ruff = (sys.executable, "-m", "ruff")
    for command in (("check",), ("format", "--check")):
        told = subprocess.run(
            [*ruff, *command, "--no-cache", folder], capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stdout


@pytest.fixture
def install(tmp_path, monkeypatch):
    from optiplug import registry

    with installing(tmp_path / "path", monkeypatch) as put:
        yield lambda *arguments, **parts: (put(*arguments, **parts), registry.refresh())
    monkeypatch.undo()
    registry.refresh()


def test_every_kind_in_one_distribution(tmp_path):
    folder = tmp_path / "mine"
    told = json.loads(new(folder, *EVERY, "--author", "A Stranger", "--json").stdout)

    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    package = "optiplug_sign_momentum"
    assert told["plugins"] == {name: kind for kind, name in KINDS.items()}
    assert project["name"] == told["distribution"] == "optiplug-sign-momentum"
    assert project["entry-points"]["optiplug.processors"] == {
        "relative-bound": f"{package}.config:RelativeBoundConfig"
    }
    assert {group.removeprefix("optiplug.") for group in project["entry-points"]} >= {
        f"{kind}s" for kind in KINDS
    }
    assert told["files"] == sorted(
        [".github/workflows/test.yml", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "docs/index.md"]
        + ["pyproject.toml", "tests/conftest.py"]
        + [f"{package}/{name}" for name in ("__init__.py", "config.py", "py.typed")]
        + [f"{package}/{name.replace('-', '_')}.py" for name in KINDS.values()]
        + [f"tests/test_{name.replace('-', '_')}.py" for name in KINDS.values()]
    )
    assert told["warnings"] == []
    styled(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_alone_has_its_summary(kind, tmp_path):
    assert new(tmp_path / "mine", f"--{kind}", "own").exit_code == 0

    project = tomllib.loads((tmp_path / "mine" / "pyproject.toml").read_text())["project"]
    config = (tmp_path / "mine" / "optiplug_own" / "config.py").read_text()
    assert project["description"] != "Plugins for optiplug."
    assert f'"""{project["description"]}"""' in config
    styled(tmp_path / "mine")


def test_several_of_a_kind_and_long_names(tmp_path):
    names = [f"{LONG}_{number}" for number in range(2)]
    kinds = [text for name in names for text in ("--optimizer", name)]
    kinds += [
        text for kind in ("processor", "schedule", "task") for text in (f"--{kind}", f"{kind[0]}{LONG}")
    ]

    assert new(tmp_path / "mine", "--name", "Mine.Own", *kinds).exit_code == 0
    assert len(list((tmp_path / "mine" / "mine_own").glob(f"*{LONG}*.py"))) == 5
    styled(tmp_path / "mine")


@pytest.mark.parametrize(
    ("license", "holds"),
    [
        ("MIT", "Permission is"),
        ("BSD-3-Clause", "Neither the name"),
        ("Apache-2.0", "Version 2.0"),
        ("none", ""),
    ],
)
def test_the_licence_is_chosen(license, holds, tmp_path):
    assert (
        new(tmp_path / "mine", "--task", "own", "--license", license, "--author", "Jo <jo@x.org>").exit_code
        == 0
    )

    path = tmp_path / "mine" / "LICENSE"
    project = tomllib.loads((tmp_path / "mine" / "pyproject.toml").read_text())["project"]
    assert path.exists() == bool(holds)
    assert project.get("license", "none") == license
    assert project["authors"] == [{"name": "Jo <jo@x.org>"}]
    assert not holds or holds in path.read_text()
    assert license not in {"MIT", "BSD-3-Clause"} or "Jo <jo@x.org>" in path.read_text()


def test_a_reserved_name_is_written_with_the_distribution(tmp_path):
    result = new(tmp_path / "mine", "--optimizer", "sgd", "--name", "mine")

    assert "'sgd' is reserved for optiplug-sgd: yours is written sgd@mine" in result.stderr
    assert 'NAME = "sgd@mine"' in (tmp_path / "mine" / "tests" / "test_sgd.py").read_text()
    assert "use: sgd@mine" in (tmp_path / "mine" / "README.md").read_text()


def test_a_name_of_another_is_warned_of(tmp_path, install):
    install(
        "fake-other",
        points={"optimizers": {"own": "fake_other:Own"}},
        modules={"fake_other": config_module("Own")},
    )
    result = new(tmp_path / "mine", "--optimizer", "own", "--name", "mine")

    assert "'own' is also offered by fake-other: yours is written own@mine" in result.stderr


@pytest.mark.parametrize(("name", "near"), [("adamm", "adam"), ("l1on", "lion"), ("adam-w", "adamw")])
def test_a_name_easily_mistaken_is_warned_of(name, near, tmp_path):
    assert f"{name!r} is easily mistaken for {near!r}" in new(tmp_path / "mine", "--optimizer", name).stderr


def test_a_package_that_is_there_is_warned_of(tmp_path):
    result = new(tmp_path / "mine", "--optimizer", "own", "--name", "typer")
    assert "a package 'typer' is installed already" in result.stderr


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("SignMomentum", "'sign_momentum' would do"),
        ("sign momentum!", "'sign_momentum' would do"),
        ("ádam", "'dam' would do"),
        ("own@mine", "'own_mine' would do"),
        ("a" * 65, f"'{'a' * 64}' would do"),
        ("", "has lower-case letters, digits, `_` and `-`, up to 64. Received: ''"),
        ("../own", "'own' would do"),
        ("own\n", "'own' would do"),
        ("2nd", "begins with a letter"),
        ("lambda", "'lambda' is taken"),
        ("config", "'config' is taken"),
        ("optimizer", "'Optimizer' is taken by optiplug"),
        ("variable", "'Variable' is taken by optiplug"),
        ("sequence", "'Sequence' is taken by optiplug"),
    ],
)
def test_a_name_that_will_not_do_is_refused(name, rule, tmp_path):
    assert rule in refused(tmp_path / "mine", "--optimizer", name)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    "pair", [("--optimizer", "own", "--schedule", "own"), ("--task", "a_b", "--task", "a-b")]
)
def test_names_alike_are_refused(pair, tmp_path):
    assert "cannot be told from" in refused(tmp_path / "mine", *pair)


@pytest.mark.parametrize("name", ["list", "checkpoint"])
def test_a_command_of_the_command_line_is_refused(name, tmp_path):
    assert "none of optiplug's own commands" in refused(tmp_path / "mine", "--command", name)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("mine!", "other characters"),
        ("-mine", "other characters"),
        ("optiplug", "is a part of optiplug"),
        ("Optiplug_SGD", "is a part of optiplug"),
        ("json", "one of Python's own"),
        ("2mine", "'2mine', which is no name of one"),
    ],
)
def test_a_distribution_that_will_not_do_is_refused(name, rule, tmp_path):
    assert rule in refused(tmp_path / "mine", "--task", "own", f"--name={name}")


@pytest.mark.parametrize("option", ["--author", "--summary"])
@pytest.mark.parametrize(
    "text", ['say "so".', "back\\slash.", "two\nlines.", "{{ 7 * 7 }}.", "\x1b[2J.", " "]
)
def test_a_text_that_is_no_line_is_refused(option, text, tmp_path):
    assert "one line without quotes" in refused(tmp_path / "mine", "--task", "own", option, text)


def test_a_summary_ends_with_a_period(tmp_path):
    assert "must end with a period" in refused(tmp_path / "mine", "--task", "own", "--summary", "Spirals")


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")

    for folder in ("mine", "file"):
        assert "is there already" in refused(tmp_path / folder, "--task", "own")
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["notes"]


def test_a_repository_just_begun_is_filled(tmp_path):
    (tmp_path / ".git").mkdir()

    result = new(tmp_path, "--task", "own", "--json")

    assert "pyproject.toml" in json.loads(result.stdout)["files"]


def test_without_a_terminal_nothing_is_asked(tmp_path):
    assert "say what it adds, as in --optimizer NAME" in refused(tmp_path / "mine")


def test_at_a_terminal_it_asks(tmp_path):
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "optiplug.cli", "new", "mine"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path) as process:
        os.close(theirs)
        os.write(mine, b"optimiser\nprocessor\nRelative Bound\nrelative_bound\n")
        said = b""
        while True:
            try:
                said += os.read(mine, 4096)
            except OSError:  # the other end was closed
                break
    os.close(mine)

    assert process.returncode == 0, said
    assert b"one of optimizer, processor" in said
    assert b"'relative_bound' would do" in said
    assert (tmp_path / "mine" / "optiplug_relative_bound" / "relative_bound.py").exists()
