"""The index comes from metadata alone, whatever else is installed; a plugin is imported when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from optiplug.errors import BrokenPluginError, ConfigError
from optiplug.registry import Entry, Registry
from support.fake_distributions import config_module


def test_the_index_reads_metadata_and_imports_nothing(swift):
    (entry,) = [each for each in Registry().entries("optimizers") if each.name == "swift"]
    assert entry == Entry("optimizers", "swift", "fake-swift", "1.4", "fake_swift:Swift", built_in=False)
    assert entry.qualified == "swift@fake-swift"
    assert Registry().status(entry) == "indexed"
    assert "fake_swift" not in sys.modules


def test_neither_plugins_nor_tensorflow_are_imported_by_listing():
    code = """
import sys
from optiplug import registry
names = [entry.name for entry in registry.entries()]
assert "sgd" in names, names
modules = {name.partition(".")[0] for name in sys.modules}
found = [name for name in modules if name == "tensorflow" or name.startswith("optiplug_")]
assert not found, found
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_entries_are_sorted_and_of_one_kind_if_asked(install):
    install("fake-b", points={"optimizers": {"zz": "m:A", "aa": "m:B"}, "schedules": {"mm": "m:C"}})
    install("fake-a", points={"optimizers": {"zz": "m:A"}})
    registry = Registry()
    keys = [(each.kind, each.name, each.distribution) for each in registry.entries()]
    assert keys == sorted(keys)
    assert [each.name for each in registry.entries("schedules") if each.distribution == "fake-b"] == ["mm"]
    with pytest.raises(ConfigError, match=r"did you mean 'optimizers'\?"):
        registry.entries("optimizer")


def test_only_what_is_asked_for_is_imported_and_only_once(install):
    counted = "import builtins\nbuiltins.fake_imports = getattr(builtins, 'fake_imports', 0) + 1\n"
    install(
        "fake-pair",
        points={"optimizers": {"one": "fake_one:One", "two": "fake_two:Two"}},
        modules={"fake_one": counted + config_module("One"), "fake_two": config_module("Two")},
    )
    registry = Registry()
    config = registry.get("optimizers", "one")
    assert config.__name__ == "One"
    assert registry.get("optimizers", "one@fake-pair") is config
    assert registry.status(registry.find("optimizers", "one")) == "loaded"
    assert "fake_two" not in sys.modules
    import builtins

    assert builtins.fake_imports == 1
    del builtins.fake_imports


BROKEN = {
    "raises": ("fake_raises:X", "raise ZeroDivisionError('on purpose')", "ZeroDivisionError: on purpose"),
    "exits": ("fake_exits:X", "raise SystemExit(3)", "SystemExit: 3"),
    "absent": ("fake_absent:X", None, "No module named 'fake_absent'"),
    "lacks": ("fake_lacks:X", "", "has no attribute 'X'"),
    "module": ("fake_module", "", "cannot be imported"),
    "thing": ("fake_thing:X", "X = 3", "is not a Config class of the optimizers"),
    "kind": ("fake_kind:X", config_module("X", kind="Schedule"), "is not a Config class of the optimizers"),
    "base": ("optiplug:OptimizerConfig", None, "is not a Config class of the optimizers"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_listed_and_harms_nobody(name, install, swift):
    target, source, reason = BROKEN[name]
    modules = {} if source is None else {target.partition(":")[0]: source}
    install("fake-broken", points={"optimizers": {name: target}}, modules=modules)
    registry = Registry()
    entry = registry.find("optimizers", name)
    for _ in range(2):
        with pytest.raises(BrokenPluginError) as caught:
            registry.load(entry)
        assert reason in str(caught.value)
        assert f"{name}@fake-broken 1.0" in str(caught.value)
    assert registry.status(entry) == "broken"
    assert reason in registry.error(entry)
    assert registry.get("optimizers", "swift").__name__ == "Swift"


def test_a_repaired_plugin_works_after_refresh(install, tmp_path):
    install("fake-late", points={"optimizers": {"late": "fake_late:Late"}})
    registry = Registry()
    with pytest.raises(BrokenPluginError):
        registry.get("optimizers", "late")
    (tmp_path / "fake-late-1.0" / "fake_late.py").write_text(config_module("Late"))
    registry.refresh()
    assert registry.get("optimizers", "late").__name__ == "Late"


def test_refresh_finds_what_was_installed_meanwhile(install):
    registry = Registry()
    assert "later" not in [entry.name for entry in registry.entries()]
    install("fake-later", points={"tasks": {"later": "m:X"}})
    assert "later" not in [entry.name for entry in registry.entries()]
    registry.refresh()
    assert "later" in [entry.name for entry in registry.entries("tasks")]


@pytest.mark.parametrize("name", ["Upper", "dotted.name", "with space", "-dash", "x" * 65, "é"])
def test_an_entry_point_with_a_bad_name_is_listed_as_broken(name, install):
    install("fake-bad", points={"optimizers": {name: "m:X"}})
    registry = Registry()
    (entry,) = [each for each in registry.entries() if each.distribution == "fake-bad"]
    assert registry.status(entry) == "broken"
    assert "does not match" in registry.error(entry)
    with pytest.raises(ConfigError, match="must be NAME"):
        registry.find("optimizers", name)


def test_metadata_that_cannot_be_read_hides_nothing_else(install, swift, tmp_path):
    install("fake-garbage", points={"optimizers": {"garbage": "m:X"}})
    (tmp_path / "fake-garbage-1.0/fake_garbage-1.0.dist-info/entry_points.txt").write_text(
        "[optiplug.optimizers]\nno equals sign\n"
    )
    install("fake-nameless", points={"optimizers": {"nameless": "m:X"}})
    (tmp_path / "fake-nameless-1.0/fake_nameless-1.0.dist-info/METADATA").unlink()
    install("fake-versionless", points={"optimizers": {"versionless": "m:X"}})
    metadata = tmp_path / "fake-versionless-1.0/fake_versionless-1.0.dist-info/METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: fake-versionless\n")
    found = {entry.name: entry.version for entry in Registry().entries("optimizers")}
    assert found["swift"] == "1.4"
    assert not found.keys() & {"garbage", "nameless", "versionless"}
