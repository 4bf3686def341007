"""`optiplug doctor`: what people read, what programs read, and the exit code."""

from __future__ import annotations

import json

import pytest

from optiplug import registry
from optiplug._registry.import_troubles import troubles_of_imports
from support.damaged_distributions import DAMAGES
from support.fake_distributions import config_module


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A machine that is busy imports nothing in time; what is slow has a test of its own."""
    monkeypatch.setitem(troubles_of_imports.__kwdefaults__, "slow", 60.0)


@pytest.fixture
def warned(install):
    """A distribution of which there is something to know."""
    modules = {"fake_near": config_module("X").replace("nowhere:X", "optiplug_sgd.sgd:SGD")}
    install("fake-near", points={"optimizers": {"sgdd": "fake_near:X"}}, modules=modules)


@pytest.fixture
def hurt(install, tmp_path):
    """A distribution that cannot be used."""
    install("fake-hurt", points={"optimizers": {"hurt": "fake_hurt:X"}})
    DAMAGES["no-name"].do(tmp_path / "fake-hurt-1.0" / "fake_hurt-1.0.dist-info")


def test_a_sound_installation_has_one_line(run):
    result = run("doctor")
    assert result.exit_code == 0
    assert {line.split(" the imports")[0] for line in result.stderr.splitlines()} <= {"waiting for"}
    assert result.stdout.endswith("distributions: nothing is wrong\n")
    assert len(result.stdout.splitlines()) == 1
    assert run("doctor", "--no-imports", "--strict").exit_code == 0


def test_what_cannot_be_used_exits_with_4_and_has_a_line(run, hurt, tmp_path):
    result = run("doctor", "--no-imports")
    assert result.exit_code == 4
    (line,) = [each for each in result.stdout.splitlines() if "fake_hurt" in each]
    folder = tmp_path / "fake-hurt-1.0" / "fake_hurt-1.0.dist-info"
    assert line.split("  ")[0] == f"fake_hurt ({folder})"
    assert "METADATA has no Name, so hurt cannot be used" in line
    assert line.endswith("install it again: pip install --force-reinstall fake_hurt")


def test_a_warning_exits_with_0_or_if_strict_with_1(run, warned):
    assert run("doctor", "--no-imports").exit_code == 0
    result = run("doctor", "--no-imports", "--strict")
    assert result.exit_code == 1
    assert "worth knowing" in result.stdout
    assert "sgdd@fake-near 1.0" in result.stdout


def test_programs_get_every_finding(run, hurt, warned):
    result = run("doctor", "--no-imports", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["format"], told["healthy"]) == (4, 1, False)
    assert [(each["severity"], each["what"]) for each in told["findings"]] == [
        ("error", "unreadable"),
        ("warning", "near-name"),
    ]
    assert {*told["findings"][0]} == {"severity", "what", "where", "path", "reason", "hint"}


def test_it_answers_when_any_trouble_is_an_error(run, hurt):
    registry.strict()
    try:
        assert run("doctor", "--no-imports").exit_code == 4
        assert run("list").exit_code == 4
    finally:
        registry.strict(False)


def test_plugins_are_imported_apart_unless_that_is_not_wanted(run, install):
    source = f"{config_module('X', kind='Task')}for each in 'x': raise SystemExit"
    install("fake-exits", points={"tasks": {"exits": "fake_exits:X"}}, modules={"fake_exits": source})
    assert run("doctor", "--no-imports").exit_code == 0
    result = run("doctor")
    (line,) = [each for each in result.stdout.splitlines() if "fake-exits" in each]
    assert result.exit_code == 4
    assert "broken" in line
    assert "SystemExit" in line


def test_nothing_is_said_to_be_sound_that_was_not_tried(run):
    result = run("doctor", "--no-imports")
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first.startswith("not tried: ")
    assert last.endswith(": nothing is wrong with those that were tried")
    told = json.loads(run("doctor", "--no-imports", "--json").stdout)
    assert (told["healthy"], told["findings"]) == (False, [])
    assert {str(entry) for entry in registry.entries()} == set(told["untried"])


def test_what_is_known_is_not_waited_for(run, install, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_TRIALS", str(tmp_path / "trials"))
    runs = tmp_path / "runs"
    runs.mkdir()
    source = f"import tempfile\ntempfile.mkstemp(dir={str(runs)!r})\nfor each in 'x': raise OSError\nX = 1"
    install("fake-fails", points={"tasks": {"fails": "fake_fails:X"}}, modules={"fake_fails": source})
    for options, count in (([], 1), ([], 1), (["--no-imports"], 1), (["--again"], 2)):
        result = run("doctor", "--json", *options)
        told = json.loads(result.stdout)
        assert (result.exit_code, told["untried"], len(list(runs.iterdir()))) == (4, [], count)
        assert ["OSError" in each["reason"] for each in told["findings"]] == [True]
