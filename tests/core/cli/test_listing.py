"""`optiplug list`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from optiplug import registry
from optiplug.cli import application
from optiplug.registry import KINDS
from support.damaged_distributions import DAMAGES
from support.fake_distributions import config_module


@pytest.fixture
def broken(install):
    """A plugin whose module raises, beside a good one."""
    install(
        "fake-broken",
        "0.3",
        points={"optimizers": {"broke": "fake_broken:Broke", "swift": "fake_swift:Swift"}},
        modules={"fake_broken": "raise RuntimeError('no licence')", "fake_swift": config_module("Swift")},
    )


def plugins(result):
    assert result.exit_code == 0, result.stderr
    return {(each["kind"], each["name"]): each for each in json.loads(result.stdout)["plugins"]}


def test_list_has_a_line_for_every_plugin_under_its_kind(run):
    lines = run("list").stdout.splitlines()
    assert [line for line in lines if line in KINDS] == list(KINDS)
    for entry in registry.entries():
        section = lines[lines.index(entry.kind) :]
        row = next(line for line in section if line.split()[:1] == [entry.name])
        assert row.split(maxsplit=1)[1] == registry.load(entry).summary()
    assert len(lines) == len(registry.entries()) + 2 * len(KINDS) - 1


def test_wide_has_the_rest(run):
    lines = run("list", "--wide", "adam").stdout.splitlines()
    row = next(line for line in lines if line.startswith("adamw "))
    config = registry.get("optimizers", "adamw")
    assert config.summary() in row
    assert config.paper in row
    assert row.split()[-3:] == ["optiplug-adam", registry.find("optimizers", "adamw").version, "loaded"]


@pytest.mark.parametrize("kind", ["schedules", "schedule"])
def test_kinds_in_singular_and_plural(run, kind):
    assert {each for each, _ in plugins(run("list", "--kind", kind, "--json"))} == {"schedules"}
    assert run("show", "cosine", "--kind", kind).exit_code == 0
    assert run("schema", "cosine", "--kind", kind).exit_code == 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("COSINE", ["cosine", "cosine_restarts", "one_cycle"]),
        ("cosine restarts", ["cosine", "cosine_restarts"]),
        ("2006.00719", []),
        ("loshchilov decoupled", ["adamw"]),
        ("optiplug-lion", ["lion"]),
    ],
    ids=str,
)
def test_words_are_searched(run, words, found):
    result = run("list", *words.split(), "--json")
    names = {each["name"] for each in json.loads(result.stdout)["plugins"]}
    assert names >= set(found)
    assert bool(names) == bool(found)
    assert result.exit_code == (0 if found else 1)


def test_a_search_that_finds_nothing_says_so(run):
    result = run("list", "cosinne")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean 'cosine'?" in result.stderr


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_each_plugin_has_one_line(width):
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(application(["list"]), ["list"])
    lines = result.stdout.splitlines()
    assert len(lines) == len(registry.entries()) + 2 * len(KINDS) - 1
    assert max(map(len, lines)) <= width


def test_list_of_one_kind(run):
    listed = plugins(run("list", "--kind", "schedules", "--json"))
    assert {kind for kind, _ in listed} == {"schedules"}
    assert listed["schedules", "cosine"] == {
        "kind": "schedules",
        "name": "cosine",
        "distribution": "optiplug-schedules",
        "version": registry.find("schedules", "cosine").version,
        "built_in": True,
        "module": registry.find("schedules", "cosine").target,
        "summary": registry.get("schedules", "cosine").summary(),
        "paper": registry.get("schedules", "cosine").paper,
        "status": "loaded",
        "error": "",
    }


def test_an_unknown_kind_is_a_usage_error(run):
    result = run("list", "--kind", "scheduels")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'schedules'" in result.stderr


def test_a_broken_plugin_is_listed_and_harms_no_other(run, broken):
    listed = plugins(run("list", "--json"))
    assert listed["optimizers", "broke"]["status"] == "broken"
    assert "RuntimeError: no licence" in listed["optimizers", "broke"]["error"]
    assert listed["optimizers", "swift"]["status"] == "loaded"
    assert listed["optimizers", "sgd"]["status"] == "loaded"
    assert "no licence" in run("list").stdout


def test_a_name_of_two_distributions_is_listed_as_it_works(run, install):
    for name in ["fake-b", "fake-a"]:
        module = f"fake_{name[-1]}"
        install(
            name, points={"optimizers": {"twin": f"{module}:Twin"}}, modules={module: config_module("Twin")}
        )
    rows = [line.split()[0] for line in run("list").stdout.splitlines() if line.startswith("twin")]
    assert rows == ["twin@fake-a", "twin@fake-b"]
    assert run("show", "twin").exit_code == 4
    assert "twin@fake-a" in run("show", "twin@fake-a").stdout


def test_a_built_in_name_cannot_be_taken(run, install):
    install(
        "fake-thief",
        points={"optimizers": {"sgd": "fake_thief:SGD"}},
        modules={"fake_thief": config_module("SGD")},
    )
    assert "optiplug-sgd" in run("show", "sgd").stdout
    rows = {line.split()[0]: line for line in run("list").stdout.splitlines() if line.startswith("sgd")}
    assert set(rows) == {"sgd", "sgd@fake-thief"}
    assert "reserved" in rows["sgd@fake-thief"]


def test_metadata_that_cannot_be_listed_is_told(run, install, tmp_path):
    for number, name in enumerate(("no-name", "points-pipe", "other-group", "left-over")):
        install(f"fake-{number}", points={"optimizers": {f"hurt_{number}": "fake_hurt:X"}})
        DAMAGES[name].do(tmp_path / f"fake-{number}-1.0" / f"fake_{number}-1.0.dist-info")
    registry.refresh()
    result = run("list", "--kind", "schedule")
    lines = result.stderr.splitlines()
    assert result.exit_code == 0
    assert [line.split(" (")[0] for line in lines] == ["fake-2", "fake_0", "fake_1"]
    assert "METADATA has no Name, so hurt_0 cannot be used" in lines[1]
    told = json.loads(run("list", "--json").stdout)["troubles"]
    assert [each["severity"] for each in told] == ["error"] * 3 + ["warning"]
    assert run("list", "hurt_0").stderr.splitlines()[-1].startswith("no plugin is about 'hurt_0'")
    assert run("list", "sgd").stderr == ""
