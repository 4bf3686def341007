"""`optiplug list` and `optiplug show`."""

from __future__ import annotations

import json

import pytest

from optiplug import registry
from optiplug.registry import KINDS
from support.distributions import config_module

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


def plugins(result):
    assert result.exit_code == 0, result.stderr
    return {(each["kind"], each["name"]): each for each in json.loads(result.stdout)["plugins"]}


def test_list_has_a_row_for_every_plugin_under_its_kind(run):
    lines = run("list").stdout.splitlines()
    assert [line.strip() for line in lines if line.strip() in KINDS] == list(KINDS)
    for entry in registry.entries():
        section = lines[lines.index(entry.kind) :]
        row = next(line for line in section if line.split()[:1] == [entry.name])
        assert registry.load(entry).summary() in row
        assert row.split()[-3:] == [entry.distribution, entry.version, "loaded"]


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


def test_a_broken_plugin_is_listed_with_its_error_and_harms_no_other(run, broken):
    listed = plugins(run("list", "--json"))
    assert listed["optimizers", "broke"]["status"] == "broken"
    assert "RuntimeError: no licence" in listed["optimizers", "broke"]["error"]
    assert listed["optimizers", "swift"]["status"] == "loaded"
    assert listed["optimizers", "sgd"]["status"] == "loaded"
    assert "no licence" in run("list").stdout


def test_show_of_a_broken_plugin_says_why(run, broken):
    result = run("show", "broke")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "RuntimeError: no licence" in result.stderr


def test_a_name_of_two_distributions_is_listed_by_the_names_that_work(run, install):
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


def test_markup_and_escapes_of_a_plugin_are_shown_as_text(run, install):
    install(
        "fake-markup",
        points={"optimizers": {"markup": "fake_markup:Markup"}},
        modules={"fake_markup": MARKUP},
    )
    for shown in [run("list").stdout, run("show", "markup").stdout]:
        assert r"[bold]Not bold[/bold] [/] \x1b[31mnot red\x1b[0m :smile: \u202etxt." in shown
        assert "[link=https://example.org]A[/link]" in shown
        assert "\x1b" not in shown
    assert "[red]Not red." in run("show", "markup").stdout


def test_show_has_every_field(run):
    result = run("show", "sgd", "--json")
    shown = json.loads(result.stdout)
    fields = {field["name"]: field for field in shown["fields"]}
    assert list(fields) == list(registry.get("optimizers", "sgd").model_fields)
    assert fields["momentum"]["type"] == "number or schedule"
    assert fields["momentum"]["bounds"] == ">= 0, <= 1"
    assert fields["ema_overwrite_frequency"]["type"] == "whole number or null"
    assert fields["jit_compile"]["type"] == 'true or false or "auto"'
    assert fields["processors"]["type"] == "list of text or processor"
    assert all(field["description"] and not field["required"] for field in fields.values())
    assert shown["implementation"] == "optiplug_sgd.sgd:SGD"
    text = run("show", "sgd").stdout
    assert all(field["description"] in text for field in fields.values())
    assert shown["docstring"] in text
    assert shown["paper"] in text


def test_show_says_what_is_required(run):
    row = next(
        line for line in run("show", "clip_by_norm").stdout.splitlines() if line.startswith("max_norm")
    )
    assert "required" in row
    assert "> 0" in row


@pytest.mark.parametrize("entry", registry.entries(), ids=str)
def test_every_plugin_can_be_shown(run, entry):
    assert run("show", entry.name, "--kind", entry.kind).exit_code == 0
    described = json.loads(run("show", entry.qualified, "--kind", entry.kind, "--json").stdout)
    assert described["summary"]
    assert described["fields"]


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
    assert schema.exit_code == 0
    assert "left out: the config of odd@fake-odd" in schema.stderr
    assert "optimizers.sgd@optiplug-sgd" in json.loads(schema.stdout)["$defs"]
