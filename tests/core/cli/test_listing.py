"""`optiplug list`."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from optiplug import registry
from optiplug.cli import application
from optiplug.registry import KINDS
from support.damaged_distributions import DAMAGES
from support.fake_distributions import config_module

# Sources of modules whose plugin cannot be used, as is seen without running them, and what is said of it.
BROKEN = {
    "no_class": ("", "has no 'Swift'"),
    "no_python": ("def (", "SyntaxError"),
    "no_module": (None, "there is no module 'fake_no_module'"),
    "no_need": ("import no_such_module", "there is no module 'no_such_module'"),
    "exits": (f"{config_module('Swift')}import os; os._exit(0)", "is `os._exit(0)`"),
    "interrupts": (f"{config_module('Swift')}raise KeyboardInterrupt", "is `raise KeyboardInterrupt`"),
}
# Of these nothing is said, since nothing of them is run.
RISKY = {
    "hangs": "import time; time.sleep(600)",
    "crashes": "import os; os.kill(os.getpid(), 11)",
    "prints": "print('loud')",
}


@pytest.fixture
def odd(install):
    """A distribution with plugins that are broken, risky and good."""
    sources = {name: source for name, (source, _) in BROKEN.items()}
    sources |= {name: f"{config_module('Swift')}{source}\n" for name, source in RISKY.items()}
    sources["good"] = config_module("Swift")
    install(
        "fake-odd",
        points={"optimizers": {name: f"fake_{name}:Swift" for name in sources}},
        modules={f"fake_{name}": source for name, source in sources.items() if source is not None},
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
    config = registry.get("optimizers", "adamw")
    lines = run("list", "--wide", "adam").stdout.splitlines()
    row = next(line for line in lines if line.startswith("adamw "))
    assert config.summary() in row
    assert config.paper in row
    assert row.split()[-3:] == ["optiplug-adam", registry.find("optimizers", "adamw").version, "indexed"]


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
        "note": "",
        "status": "indexed",
        "error": "",
    }


def test_an_unknown_kind_is_a_usage_error(run):
    result = run("list", "--kind", "scheduels")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'schedules'" in result.stderr


def test_a_broken_plugin_is_listed_and_harms_no_other(run, odd):
    listed = plugins(run("list", "--json"))
    for name, (_, reason) in BROKEN.items():
        found = listed["optimizers", name]
        assert (found["status"], found["summary"]) == ("broken", "")
        assert reason in found["error"]
    for name in [*RISKY, "good"]:
        assert listed["optimizers", name]["summary"] == "Swift from a fake."
        assert listed["optimizers", name]["error"] == ""
    assert "there is no module 'fake_no_module'" in run("list").stdout
    assert not {f"fake_{name}" for name in RISKY} & set(sys.modules)


def test_what_only_its_code_could_tell_is_noted(run, install):
    source = f"{config_module('Swift')}Made = type('Made', (Swift,), {{}})\n"
    install("fake-made", points={"optimizers": {"made": "fake_made:Made"}}, modules={"fake_made": source})
    found = plugins(run("list", "--json"))["optimizers", "made"]
    assert (found["note"], found["status"]) == ("not described: its class is made by code", "indexed")
    assert "made  not described: its class" in " ".join(run("list", "made").stdout.split("\n"))


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


def test_what_failed_when_it_was_tried_is_listed_so(run, install, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_TRIALS", str(tmp_path / "trials"))
    source = f"{config_module('Swift')}for each in 'x': raise OSError('no licence')\n"
    points = {"optimizers": {"swift": "fake_swift:Swift"}}
    install("fake-swift", points=points, modules={"fake_swift": source})
    assert plugins(run("list", "--json"))["optimizers", "swift"]["error"] == ""
    assert run("show", "swift").exit_code == 4
    found = plugins(run("list", "--json"))["optimizers", "swift"]
    assert (found["status"], found["summary"]) == ("broken", "Swift from a fake.")
    assert "OSError: no licence (tried on 2" in found["error"]
    assert "no licence" in run("list", "swift").stdout
    (tmp_path / "fake-swift-1.0" / "fake_swift.py").write_text(config_module("Swift"))
    assert plugins(run("list", "--json"))["optimizers", "swift"]["error"] == ""


def test_what_works_by_now_is_listed_so(run, install, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_TRIALS", str(tmp_path / "trials"))
    licence = tmp_path / "licence"
    source = f"{config_module('Swift')}for each in 'x': open({str(licence)!r})\n"
    points = {"optimizers": {"swift": "fake_swift:Swift"}}
    install("fake-swift", points=points, modules={"fake_swift": source})
    assert run("show", "swift").exit_code == 4
    assert plugins(run("list", "--json"))["optimizers", "swift"]["status"] == "broken"
    licence.touch()
    assert run("show", "swift").exit_code == 0
    assert plugins(run("list", "--json"))["optimizers", "swift"]["status"] == "indexed"
