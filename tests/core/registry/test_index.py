"""What is wrong with a distribution is told, and its plugins and those of others stay if they can."""

from __future__ import annotations

import itertools
import sys
import time

import pytest

from optiplug._registry.index import read_index
from optiplug._registry.metadata import installed_metadata
from optiplug.errors import BrokenPluginError, PluginError
from optiplug.registry import Registry
from support.damaged_distributions import DAMAGES
from support.fake_distributions import config_module, fake_distribution

SOUND = {"optimizers": {"sound": "fake_sound:Sound"}}


@pytest.fixture
def sound(install):
    install("fake-sound", points=SOUND, modules={"fake_sound": config_module("Sound")})


def damage(install, tmp_path, *names, distribution="fake-hurt"):
    """Install a distribution with a plugin called as it is, and damage it so."""
    stem = distribution.replace("-", "_")
    install(
        distribution, points={"optimizers": {stem: f"{stem}:Hurt"}}, modules={stem: config_module("Hurt")}
    )
    folder = tmp_path / f"{distribution}-1.0" / f"{stem}-1.0.dist-info"
    for name in names:
        DAMAGES[name].do(folder)
    return folder


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_told_and_harms_no_other(name, install, sound, tmp_path):
    folder = damage(install, tmp_path, name)
    registry, expected = Registry(), DAMAGES[name]
    (trouble,) = [each for each in registry.troubles() if str(tmp_path) in each.path]

    assert trouble.what == expected.what
    assert expected.reason in trouble.reason
    assert trouble.path.startswith(str(folder.parent))
    assert trouble.hint
    assert str(trouble).isprintable()
    assert registry.get("optimizers", "sound").__name__ == "Sound"
    if expected.offered:
        assert registry.get("optimizers", "fake_hurt").__name__ == "Hurt"
    else:
        with pytest.raises(PluginError):
            registry.find("optimizers", "fake_hurt")


def test_the_error_for_a_name_says_which_metadata_is_damaged(install, sound, tmp_path):
    folder = damage(install, tmp_path, "no-name")
    with pytest.raises(BrokenPluginError, match=rf"fake_hurt \({folder}\): METADATA has no Name"):
        Registry().find("optimizers", "fake_hurt")


def test_what_cannot_be_read_may_be_what_is_missing(install, sound, tmp_path):
    folder = damage(install, tmp_path, "points-pipe")
    with pytest.raises(PluginError, match=f"offers 'fake_hurt' .*, unless it is in {folder}"):
        Registry().find("optimizers", "fake_hurt")


def test_two_hundred_environments(tmp_path):
    """Broken ones are named, sound ones resolve, and nothing is raised that has no type of ours."""
    environments = [names for count in (1, 2) for names in itertools.combinations(DAMAGES, count)]
    assert len(environments) > 200
    for number, names in enumerate(environments):
        root = tmp_path / str(number)
        fake_distribution(root, "fake-sound", points=SOUND)
        hurt = {}
        for place, name in enumerate(names):
            home = root / str(place)
            fake_distribution(
                home, f"fake-{place}", "1.0", points={"optimizers": {f"hurt_{place}": "fake_hurt:X"}}
            )
            DAMAGES[name].do(home / f"fake_{place}-1.0.dist-info")
            hurt[str(home)] = (f"hurt_{place}", DAMAGES[name])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [*hurt, str(root)])
            registry = Registry()
            troubles = registry.troubles()
            assert registry.find("optimizers", "sound").distribution == "fake-sound"
            for home, (plugin, expected) in hurt.items():
                assert expected.what in [
                    each.what for each in troubles if each.path.startswith(f"{home}/")
                ], names
                try:
                    registry.find("optimizers", plugin)
                    assert expected.offered
                except PluginError:
                    assert not expected.offered


def test_the_same_name_twice_is_broken_and_says_both(install, tmp_path):
    folder = damage(install, tmp_path)
    text = "[optiplug.optimizers]\nhurt = fake_a:A\nhurt = fake_b:B\nsame = fake_a:A\nsame = fake_a:A\n"
    (folder / "entry_points.txt").write_text(text)
    registry = Registry()
    twice = [entry for entry in registry.entries() if entry.name == "hurt"]

    assert [registry.status(entry) for entry in twice] == ["broken", "broken"]
    assert "fake-hurt offers this name twice, as fake_a:A and fake_b:B" in registry.error(twice[0])
    for reference in ("hurt", "hurt@fake-hurt"):
        with pytest.raises(BrokenPluginError, match="offers this name twice"):
            registry.find("optimizers", reference)
    with pytest.raises(BrokenPluginError, match="offers this name twice"):
        registry.load(twice[0])
    assert registry.status(registry.find("optimizers", "same")) == "indexed"


@pytest.mark.parametrize(
    "value", ["fake_hurt:Hurt [extra]", "fake_hurt : Hurt", "fake_hurt:Hurt[a,b]", " fake_hurt:Hurt "]
)
def test_entry_points_are_read_as_their_specification_says(value, install, tmp_path):
    folder = damage(install, tmp_path)
    (folder / "entry_points.txt").write_text(f"; comment\n[optiplug.optimizers]\n# comment\n\nhurt={value}\n")
    registry = Registry()
    assert registry.get("optimizers", "hurt").__name__ == "Hurt"
    assert registry.find("optimizers", "hurt").target == "fake_hurt:Hurt"


@pytest.mark.parametrize("value", ["fake hurt:Hurt", ":Hurt", "fake_hurt:Hurt:More", "fake-hurt:Hurt", "x()"])
def test_a_malformed_target_is_broken_before_any_import(value, install, tmp_path):
    folder = damage(install, tmp_path)
    (folder / "entry_points.txt").write_text(f"[optiplug.optimizers]\nhurt = {value}\n")
    registry = Registry()
    entry = registry.find("optimizers", "hurt")
    assert registry.status(entry) == "broken"
    with pytest.raises(BrokenPluginError, match="must be MODULE:CLASS"):
        registry.load(entry)


def test_a_second_copy_on_the_path_is_told(install):
    install("fake-copy", "2.0", points={"optimizers": {"copy": "m:Old"}})
    install("Fake_Copy", "1.0", points={"optimizers": {"copy": "m:New"}})
    (trouble,) = [each for each in read_index().troubles if each.where == "fake-copy"]
    assert (trouble.what, trouble.usable) == ("copy", True)
    assert "2.0 counts for nothing beside 1.0, which comes first" in trouble.reason


@pytest.mark.parametrize("order", [list, reversed])
def test_of_two_in_one_folder_the_higher_version_counts(order, tmp_path, monkeypatch):
    for version in ("1.10", "1.9"):
        fake_distribution(tmp_path, "fake-copy", version, points=SOUND)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    # As the file system lists them, which is in no order.
    listed = list(order(sorted(installed_metadata(), key=lambda each: each.path)))
    monkeypatch.setattr("optiplug._registry.index.installed_metadata", lambda **name: [] if name else listed)
    assert [entry.version for entry in read_index().entries] == ["1.10"]


def test_a_folder_that_is_on_the_path_twice_is_one(install, tmp_path, monkeypatch):
    install("fake-copy", points=SOUND)
    (tmp_path / "link").symlink_to(tmp_path / "fake-copy-1.0")
    monkeypatch.syspath_prepend(tmp_path / "link")
    assert [each for each in read_index().troubles if "fake" in each.where] == []


def test_with_a_damaged_umbrella_nothing_is_reserved(install, tmp_path):
    install("optiplug", "9")
    (tmp_path / "optiplug-9/optiplug-9.dist-info/METADATA").unlink()
    index = read_index()
    assert not any(entry.built_in for entry in index.entries)
    (trouble,) = [each for each in index.troubles if each.where == "optiplug"]
    assert "no name is reserved for the standard installation" in trouble.reason


def test_strangers_without_plugins_are_not_looked_at(install, tmp_path):
    install("fake-other")
    folder = tmp_path / "fake-other-1.0/fake_other-1.0.dist-info"
    (folder / "METADATA").unlink()
    (folder / "entry_points.txt").write_text("[console_scripts]\nno sign\n")
    assert [each for each in read_index().troubles if "other" in each.where] == []


def test_three_hundred_distributions_are_read_at_once(tmp_path, monkeypatch):
    for number in range(300):
        fake_distribution(tmp_path, f"fake-{number}", points={"optimizers": {f"name_{number}": "m:X"}})
    monkeypatch.syspath_prepend(tmp_path)
    begun = time.perf_counter()
    index = read_index()
    assert time.perf_counter() - begun < 5
    assert len([entry for entry in index.entries if entry.distribution.startswith("fake-")]) == 300
