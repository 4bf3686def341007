"""What metadata tells of what is wrong: where, what, and what to do, without an import."""

from __future__ import annotations

import itertools
import sys
import time

import pytest

from optiplug._registry.diagnosis import diagnose
from optiplug.registry import Registry
from support.damaged_distributions import DAMAGES
from support.fake_distributions import fake_distribution


def found():
    """Return what is wrong with the fakes, by what it is."""
    told = [each for each in diagnose(Registry()) if "fake" in f"{each.where}{each.path}{each.reason}"]
    assert all(each.hint and each.reason and str(each).isprintable() for each in told)
    assert "fake_x" not in sys.modules
    return {(each.what, each.where): each for each in told}


def test_nothing_is_wrong_here():
    assert diagnose(Registry()) == []


def test_a_stranger_of_a_reserved_name_is_shadowed(install):
    install("fake-stranger", points={"optimizers": {"sgd": "fake_x:X"}})
    trouble = found()["shadowed", "sgd@fake-stranger 1.0"]
    assert trouble.usable
    assert "reserved for sgd@optiplug-sgd" in trouble.reason
    assert "write sgd@fake-stranger" in trouble.hint


def test_a_name_of_two_is_ambiguous_unless_one_is_blocked(install, monkeypatch):
    for name in ("fake-one", "fake-two"):
        install(name, points={"optimizers": {"twin": "fake_x:X"}})
    (trouble,) = found().values()
    assert (trouble.what, trouble.usable) == ("ambiguous", False)
    assert "twin@fake-one 1.0, twin@fake-two 1.0" in trouble.reason
    monkeypatch.setenv("OPTIPLUG_BLOCK", "fake-two")
    assert found() == {}


def test_what_its_metadata_shows_to_be_broken(install):
    install("fake-broken", points={"optimizers": {"Upper": "fake_x:X", "odd": "fake x"}})
    assert found().keys() == {("broken", "Upper@fake-broken 1.0"), ("broken", "odd@fake-broken 1.0")}


@pytest.mark.parametrize(("name", "taken"), [("sgdd", "sgd"), ("adarn", "adam"), ("muom", "muon")])
def test_names_near_to_those_of_the_standard_installation(name, taken, install):
    install("fake-near", points={"optimizers": {name: "fake_x:X"}, "schedules": {"sgdd": "fake_x:X"}})
    (trouble,) = found().values()
    assert (trouble.what, trouble.usable) == ("near-name", True)
    assert repr(taken) in trouble.reason


def test_a_distribution_near_to_one_of_the_standard_installation(install):
    install("optiplug-sdg", points={"optimizers": {"fake": "fake_x:X"}})
    (trouble,) = diagnose(Registry())
    assert (trouble.what, trouble.where, trouble.usable) == ("near-name", "optiplug-sdg", True)
    assert "'optiplug-sgd'" in trouble.reason


def test_requirements_that_are_not_met(install):
    requires = ["numpy>=99", "optiplug-core>=99", "fake-other; extra == 'more'", "fake-no; extra == 'no'"]
    install("fake-needs", points={"optimizers": {"needs": "fake_x:X [more]"}}, requires=requires)
    told = [each for each in diagnose(Registry()) if each.where == "fake-needs 1.0"]
    assert {(each.what, each.usable, each.reason.split()[1]) for each in told} == {
        ("incompatible", False, "optiplug-core>=99,"),
        ("dependency", True, "numpy>=99,"),
        ("dependency", True, "fake-other,"),
    }


def test_what_the_environment_names_in_vain(install, monkeypatch):
    install("fake-swift", points={"optimizers": {"swift": "fake_x:X"}})
    monkeypatch.setenv("OPTIPLUG_PLUGINS", "fake-swift,fake-swfit")
    monkeypatch.setenv("OPTIPLUG_BLOCK", "fake-nothing")
    told = found()
    assert told.keys() == {
        ("setting", "OPTIPLUG_PLUGINS=fake-swfit"),
        ("setting", "OPTIPLUG_BLOCK=fake-nothing"),
    }
    assert "did you mean 'fake-swift'" in told["setting", "OPTIPLUG_PLUGINS=fake-swfit"].hint


@pytest.mark.parametrize("name", ["no-sign", "no-name"])
def test_a_damaged_distribution_without_plugins_is_worth_knowing(name, install, tmp_path):
    install("fake-other")
    folder = tmp_path / "fake-other-1.0/fake_other-1.0.dist-info"
    (folder / "entry_points.txt").write_text("[console_scripts]\n")
    DAMAGES[name].do(folder)
    trouble = found()["other", "fake_other"]
    assert trouble.usable
    assert trouble.path == str(folder)


def test_it_answers_when_any_trouble_is_an_error(install, tmp_path, monkeypatch):
    install("fake-hurt", points={"optimizers": {"hurt": "fake_x:X"}})
    DAMAGES["no-version"].do(tmp_path / "fake-hurt-1.0/fake_hurt-1.0.dist-info")
    monkeypatch.setenv("OPTIPLUG_STRICT", "1")
    assert found().keys() == {("unreadable", "fake_hurt")}


def test_two_hundred_environments(tmp_path):
    """Each damage is named, within a second, and nothing is raised."""
    diagnose(Registry())  # which imports what it needs
    environments = [names for count in (1, 2) for names in itertools.combinations(DAMAGES, count)]
    slowest = 0.0
    for number, names in enumerate(environments):
        homes = {tmp_path / str(number) / name: DAMAGES[name] for name in names}
        for place, (home, damage) in enumerate(homes.items()):
            fake_distribution(home, f"fake-{place}", points={"optimizers": {f"hurt_{place}": "fake_x:X"}})
            damage.do(home / f"fake_{place}-1.0.dist-info")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [*map(str, homes)])
            begun = time.perf_counter()
            told = diagnose(Registry())
            slowest = max(slowest, time.perf_counter() - begun)
        for home, damage in homes.items():
            assert damage.what in [each.what for each in told if each.path.startswith(f"{home}/")], names
    assert len(environments) > 200
    assert slowest < 1


def test_what_was_written_for_another_api_is_incompatible(install):
    points = {"optimizers": {"later": "fake_x:X"}, "api": {"version": "9"}}
    install("fake-later", points=points)
    trouble = found()["incompatible", "later@fake-later 1.0"]
    assert not trouble.usable
    assert "was written for version 9 of the plugin API" in trouble.reason
