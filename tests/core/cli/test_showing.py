"""`optiplug list` and `optiplug show`."""

from __future__ import annotations

import json
from functools import partial

import pytest

from optiplug import registry
from optiplug._registry.apart import Answer
from optiplug.cli import showing
from support.fake_distributions import config_module
from support.hostile_plugins import HOSTILE, INDESCRIBABLE

MARKUP = '''
from optiplug import OptimizerConfig

class Markup(OptimizerConfig):
    """[bold]Not bold[/bold] [/] \\x1b[31mnot red\\x1b[0m :smile: \\u202etxt."""
    implementation = "nowhere:Markup"
    paper = "[link=https://example.org]A[/link]"
    rate: float = 1.0
    """[red]Not red."""
'''


@pytest.fixture
def broken(install):
    """A plugin whose module raises, beside a good one."""
    install(
        "fake-broken",
        "0.3",
        points={"optimizers": {"broke": "fake_broken:Broke", "swift": "fake_swift:Swift"}},
        modules={"fake_broken": "raise RuntimeError('no licence')", "fake_swift": config_module("Swift")},
    )


def test_show_of_a_broken_plugin_says_why(run, broken):
    result = run("show", "broke")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "RuntimeError: no licence" in result.stderr


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("source", "reason"), {**HOSTILE, **INDESCRIBABLE}.values(), ids=str)
def test_show_of_a_hostile_plugin_says_who_is_to_blame(run, install, source, reason, monkeypatch):
    monkeypatch.setattr(showing, "ask", partial(showing.ask, limit=1))
    install("fake-bad", points={"optimizers": {"swift": "fake_bad:Swift"}}, modules={"fake_bad": source})
    for arguments in ([], ["--json"]):
        result = run("show", "swift", *arguments)
        assert (result.exit_code, result.stdout) == (4, "")
        assert reason in result.stderr
        assert "swift@fake-bad 1.0" in result.stderr
        assert len(result.stderr) < 1000


def test_what_a_plugin_prints_while_imported_is_no_data(run, install):
    source = f"import os\nprint('loud')\nos.write(1, b'louder')\n{config_module('Swift')}"
    install("fake-loud", points={"optimizers": {"loud": "fake_loud:Swift"}}, modules={"fake_loud": source})
    for arguments in (["show", "loud", "--json"], ["schema", "loud"], ["list", "--json"]):
        assert json.loads(run(*arguments).stdout)


def test_markup_and_escapes_of_a_plugin_are_shown_as_text(run, install):
    install(
        "fake-markup",
        points={"optimizers": {"markup": "fake_markup:Markup"}},
        modules={"fake_markup": MARKUP},
    )
    for shown in [run("list", "--wide").stdout, run("show", "markup").stdout]:
        assert r"[bold]Not bold[/bold] [/] \x1b[31mnot red\x1b[0m :smile: \u202etxt." in shown
        assert "[link=https://example.org]A[/link]" in shown
        assert "\x1b" not in shown
    assert "[red]Not red." in run("show", "markup").stdout


@pytest.fixture
def in_this_process(monkeypatch):
    """Ask plugins here: a process apart for each of hundreds of commands would take minutes."""

    def ask(entries, about):
        return [Answer(entry, about(entry, registry.load(entry))) for entry in entries]

    monkeypatch.setattr(showing, "ask", ask)


@pytest.mark.parametrize("entry", registry.entries(), ids=str)
def test_every_plugin_can_be_shown(run, entry, in_this_process):
    assert run("show", entry.name, "--kind", entry.kind).exit_code == 0
    described = json.loads(run("show", entry.qualified, "--kind", entry.kind, "--json").stdout)
    assert described["summary"]
    assert bool(described["fields"]) == bool(registry.load(entry).model_fields)


def test_fields_of_parts_are_shown(run):
    shown = run("show", "partition").stdout
    assert "each Group" in shown
    assert "optimizer optimizer; required" in " ".join(shown.split())


def test_show_of_an_unknown_name_offers_the_nearest(run):
    result = run("show", "cosin")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "did you mean 'cosine'?" in result.stderr


def test_show_of_a_name_in_two_kinds_asks_for_the_kind(run, install):
    install(
        "fake-both",
        points={"optimizers": {"both": "fake_both:One"}, "tasks": {"both": "fake_task:Two"}},
        modules={"fake_both": config_module("One"), "fake_task": config_module("Two", kind="Task")},
    )
    result = run("show", "both")
    assert result.exit_code == 2
    assert "--kind" in result.stderr
    assert "Two from a fake." in run("show", "both", "--kind", "tasks").stdout


def test_show_takes_no_python_path(run):
    assert run("show", "os.system").exit_code == 2


def test_a_config_without_a_schema_is_an_error_of_the_plugin(run, install):
    source = config_module("Odd") + "    value: object = object()\n    other: 'Missing' = 1\n"
    install("fake-odd", points={"optimizers": {"odd": "fake_odd:Odd"}}, modules={"fake_odd": source})
    result = run("show", "odd")
    assert result.exit_code == 4
    assert "has no JSON Schema" in result.stderr
    schema = run("schema")
    assert schema.exit_code == 4
    assert "left out: the config of odd@fake-odd" in schema.stderr
    assert "optimizers.sgd@optiplug-sgd" in json.loads(schema.stdout)["$defs"]
