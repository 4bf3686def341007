"""`optiplug doctor`: what people read, what programs read, and the exit code."""

from __future__ import annotations

import json

import pytest

from support.damaged_distributions import DAMAGES


@pytest.fixture
def warned(install):
    """A distribution of which there is something to know."""
    install("fake-near", points={"optimizers": {"sgdd": "fake_near:X"}})


@pytest.fixture
def hurt(install, tmp_path):
    """A distribution that cannot be used."""
    install("fake-hurt", points={"optimizers": {"hurt": "fake_hurt:X"}})
    DAMAGES["no-name"].do(tmp_path / "fake-hurt-1.0" / "fake_hurt-1.0.dist-info")


def test_a_sound_installation_has_one_line(run):
    result = run("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
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
    from optiplug import registry

    registry.strict()
    try:
        assert run("doctor", "--no-imports").exit_code == 4
        assert run("list").exit_code == 4
    finally:
        registry.strict(False)


def test_plugins_are_imported_apart_unless_that_is_not_wanted(run, install):
    install(
        "fake-exits", points={"tasks": {"exits": "fake_exits:X"}}, modules={"fake_exits": "raise SystemExit"}
    )
    assert run("doctor", "--no-imports").exit_code == 0
    result = run("doctor")
    (line,) = [each for each in result.stdout.splitlines() if "fake-exits" in each]
    assert result.exit_code == 4
    assert "broken" in line
    assert "SystemExit" in line
