"""The registry: an index from metadata alone, whatever else is installed."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug.config import OptimizerConfig, ProcessorConfig
from optiplug.errors import (
    AmbiguousPluginError,
    BlockedPluginError,
    BrokenPluginError,
    ConfigError,
    IncompatiblePluginError,
    PluginError,
    UnknownPluginError,
)
from optiplug.registry import KINDS, SESSION, Entry, Registry
from support.distributions import config_module, fake_distribution


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put fake distributions on the path; their modules are forgotten afterwards."""
    before = set(sys.modules)

    def installed(name, version="1.0", **parts):
        folder = fake_distribution(tmp_path / f"{name}-{version}", name, version, **parts)
        monkeypatch.syspath_prepend(folder)

    yield installed
    for module in set(sys.modules) - before:
        if module.startswith("fake_"):
            del sys.modules[module]


@pytest.fixture
def swift(install):
    """A distribution with one good optimizer."""
    install(
        "fake-swift",
        "1.4",
        points={"optimizers": {"swift": "fake_swift:Swift"}},
        modules={"fake_swift": config_module("Swift")},
    )


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
def test_a_broken_plugin_is_listed_with_its_error_and_harms_nobody(name, install, swift):
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


def test_two_distributions_with_one_name_must_be_told_apart(install):
    for name in ("fake-one", "fake-two"):
        module = name.replace("-", "_")
        install(
            name,
            points={"optimizers": {"twin": f"{module}:Twin"}},
            modules={module: config_module("Twin")},
        )
    registry = Registry()
    with pytest.raises(AmbiguousPluginError) as caught:
        registry.get("optimizers", "twin")
    assert "twin@fake-one 1.0, twin@fake-two 1.0" in str(caught.value)
    assert registry.get("optimizers", "twin@fake-one").__module__ == "fake_one"
    assert registry.get("optimizers", "twin@Fake_Two").__module__ == "fake_two"
    one = registry.find("optimizers", "twin@fake-one")
    assert registry.status(one) == "ambiguous"
    assert "also offered by twin@fake-two" in registry.error(one)
    assert registry.reference_of(registry.load(one)) == "twin@fake-one"


def test_of_two_copies_of_a_distribution_the_first_on_the_path_counts(install):
    install("fake-copy", "1.0", points={"optimizers": {"copy": "m:Old", "gone": "m:Gone"}})
    install("Fake_Copy", "2.0", points={"optimizers": {"copy": "m:New"}})
    offered = [
        entry for entry in Registry().entries() if entry.distribution.lower() in ("fake-copy", "fake_copy")
    ]
    assert [(entry.name, entry.version) for entry in offered] == [("copy", "2.0")]


@pytest.mark.parametrize("versions", ["", ">=1.2", ">=1.2,<2", "==1.4", "~=1.3", " >= 1.4", "!=1.5"])
def test_a_pin_that_the_installed_version_meets(versions, swift):
    assert Registry().find("optimizers", f"swift@fake-swift{versions}").version == "1.4"


@pytest.mark.parametrize("versions", [">=2", "<1.4", "==1.40.1", "~=1.5"])
def test_a_pin_that_the_installed_version_does_not_meet(versions, swift):
    with pytest.raises(IncompatiblePluginError, match=r"installed is swift@fake-swift 1\.4"):
        Registry().find("optimizers", f"swift@fake-swift{versions}")


def test_an_installed_prerelease_meets_a_pin(install):
    install("fake-early", "2.0rc1", points={"optimizers": {"early": "m:X"}})
    assert Registry().find("optimizers", "early@fake-early>=1").version == "2.0rc1"
    with pytest.raises(IncompatiblePluginError):
        Registry().find("optimizers", "early@fake-early>=2")


def test_a_version_that_is_none_meets_no_pin(install):
    install("fake-odd", "unknown", points={"optimizers": {"odd": "m:X"}})
    assert Registry().find("optimizers", "odd@fake-odd").version == "unknown"
    with pytest.raises(IncompatiblePluginError):
        Registry().find("optimizers", "odd@fake-odd>=1")


@pytest.mark.parametrize(
    "reference",
    [
        *(
            "",
            " ",
            "Swift",
            "swift ",
            "swift\n",
            "os.system",
            "os:system",
            "fake_swift:Swift",
            "../swift",
            "a/b",
        ),
        *("swift>=1.2", "swift@", "swift@>=1", "swift@fake-swift@x", "swift@a b", "ѕwift", "x" * 65),
        *("swift@fake-swift; x", "swift@fake-swift>=1.2;x", "swift@fake-swift>=", "swift@fake-swift=1"),
        *(None, 3, True, ["swift"], {"name": "swift"}, b"swift", "!!python/name:os.system"),
    ],
)
def test_nothing_but_a_name_with_its_distribution_can_be_asked_for(reference, swift):
    with pytest.raises(ConfigError):
        Registry().find("optimizers", reference)


def test_an_unknown_name_is_answered_with_the_nearest(swift):
    with pytest.raises(
        UnknownPluginError, match=r"among the optimizers.*'swfit'.*did you mean 'swift'\?.*pip"
    ):
        Registry().find("optimizers", "swfit")
    with pytest.raises(UnknownPluginError, match=r"installed is swift@fake-swift 1\.4"):
        Registry().find("optimizers", "swift@elsewhere")
    with pytest.raises(UnknownPluginError):
        Registry().find("schedules", "swift")


@pytest.fixture
def umbrella(install):
    """An umbrella distribution, one of its own plugins, and a stranger of the same name."""
    install("optiplug", requires=["fake-Ours >=1", "fake_extra; extra == 'more'"])
    for name, offered in {
        "fake_ours": "reserved",
        "fake-extra": "extra",
        "fake-stranger": "reserved",
    }.items():
        module = name.replace("-", "_")
        install(
            name,
            points={"optimizers": {offered: f"{module}:Config"}},
            modules={module: config_module("Config")},
        )


def test_the_names_of_built_in_plugins_are_reserved(umbrella):
    registry = Registry()
    ours = registry.find("optimizers", "reserved")
    stranger = registry.find("optimizers", "reserved@fake-stranger")
    assert ours.distribution == "fake_ours"
    assert (ours.built_in, stranger.built_in) == (True, False)
    assert registry.find("optimizers", "extra").built_in
    assert (registry.status(ours), registry.error(ours)) == ("indexed", "")
    assert registry.status(stranger) == "ambiguous"
    assert "reserved for reserved@fake_ours" in registry.error(stranger)
    assert registry.reference_of(registry.load(stranger)) == "reserved@fake-stranger"
    assert registry.reference_of(registry.load(ours)) == "reserved"


def test_a_reserved_name_never_falls_to_a_stranger(umbrella):
    registry = Registry()
    registry.block("reserved@fake-ours")
    with pytest.raises(BlockedPluginError, match="reserved@fake_ours"):
        registry.find("optimizers", "reserved")
    assert registry.status(registry.find("optimizers", "reserved@fake-stranger")) == "ambiguous"
    with pytest.raises(AmbiguousPluginError, match="reserved for reserved@fake_ours"):
        registry.register("optimizers", "reserved", Mine)


@pytest.mark.parametrize("reference", ["swift", "swift@fake-swift", "fake-swift", "Fake_Swift", " swift "])
def test_blocking(reference, swift):
    registry = Registry()
    entry = registry.find("optimizers", "swift")
    registry.block(reference)
    assert registry.status(entry) == "blocked"
    assert "OPTIPLUG_BLOCK" in registry.error(entry)
    for use in (lambda: registry.find("optimizers", "swift@fake-swift"), lambda: registry.load(entry)):
        with pytest.raises(BlockedPluginError, match=r"swift@fake-swift 1\.4 is blocked"):
            use()
    assert "fake_swift" not in sys.modules
    registry.unblock(reference)
    assert registry.get("optimizers", "swift").__name__ == "Swift"
    registry.block(reference)
    with pytest.raises(BlockedPluginError):
        registry.load(entry)


def test_the_environment_blocks(swift, monkeypatch):
    monkeypatch.setenv("OPTIPLUG_BLOCK", "nothing, swift@fake-swift ,,")
    with pytest.raises(BlockedPluginError):
        Registry().get("optimizers", "swift")


def test_blocking_one_of_two_leaves_the_other(install, swift):
    install("fake-other", points={"optimizers": {"swift": "m:X"}})
    registry = Registry()
    registry.block("fake-other")
    assert registry.find("optimizers", "swift").distribution == "fake-swift"
    assert registry.status(registry.find("optimizers", "swift")) == "indexed"


class Mine(OptimizerConfig):
    """Registered by the tests below."""

    implementation = "nowhere:Mine"


class MyProcessor(ProcessorConfig):
    """Registered by the tests below."""

    implementation = "nowhere:MyProcessor"


def test_what_code_registers_is_found_by_name():
    registry = Registry()
    entry = registry.register("optimizers", "mine", Mine)
    assert entry.qualified == f"mine@{SESSION}"
    assert registry.get("optimizers", "mine") is Mine
    assert registry.get("optimizers", entry.qualified) is Mine
    assert registry.status(entry) == "loaded"
    assert entry in registry.entries("optimizers")
    assert registry.reference_of(Mine) == "mine"
    registry.refresh()
    assert registry.get("optimizers", "mine") is Mine
    registry.unregister("optimizers", "mine")
    registry.unregister("optimizers", "mine")
    with pytest.raises(UnknownPluginError):
        registry.find("optimizers", "mine")


def test_registering_again_replaces():
    registry = Registry()
    registry.register("optimizers", "mine", Mine)
    again = type(Mine)("Mine", (Mine,), {"__module__": __name__})
    registry.register("optimizers", "mine", again)
    assert registry.get("optimizers", "mine") is again
    with pytest.raises(UnknownPluginError, match="has no name"):
        registry.reference_of(Mine)


def test_a_registered_name_does_not_shadow_an_installed_one(swift):
    registry = Registry()
    registry.register("optimizers", "swift", Mine)
    with pytest.raises(AmbiguousPluginError, match=r"swift@fake-swift 1\.4, swift@this session"):
        registry.find("optimizers", "swift")
    assert registry.reference_of(Mine) == "swift@this session"
    assert registry.get("optimizers", "swift@this session") is Mine


@pytest.mark.parametrize(
    ("kind", "name", "obj"),
    [
        ("optimizers", "Mine", Mine),
        ("optimizers", "a.b", Mine),
        ("optimizer", "mine", Mine),
        ("processors", "mine", Mine),
        ("optimizers", "mine", Mine()),
        ("optimizers", "mine", OptimizerConfig),
        ("optimizers", "mine", print),
    ],
)
def test_what_cannot_be_registered(kind, name, obj):
    with pytest.raises(ConfigError):
        Registry().register(kind, name, obj)


def test_a_class_imported_directly_has_its_name_without_loading(swift):
    registry = Registry()
    config = importlib.import_module("fake_swift").Swift
    assert registry.reference_of(config) == "swift"
    assert registry.status(registry.find("optimizers", "swift")) == "indexed"


def test_an_implementation_has_the_name_of_its_config():
    class Hook:
        pass

    registry = Registry()
    config = type(MyProcessor)("Of", (MyProcessor,), {"__module__": __name__, "implementation": Hook})
    registry.register("processors", "of_hook", config)
    assert registry.reference_of(Hook) == "of_hook"


@pytest.mark.parametrize("thing", [Mine, print, 3, None, "mine", object()])
def test_what_is_not_registered_has_no_name(thing):
    with pytest.raises(UnknownPluginError, match=r"optiplug\.register"):
        Registry().reference_of(thing)


FAKES = {
    "fake-one": ("1.0", {"optimizers": {"shared": "m:A", "alone": "m:A"}}),
    "fake-two": ("0.3", {"optimizers": {"shared": "m:B"}, "processors": {"shared": "m:C"}}),
    "Fake.Three": ("2.1", {"optimizers": {"alone-3": "m:A", "Bad": "m:A"}, "schedules": {"shared": "m:C"}}),
    "fake-ours": ("1.1", {"optimizers": {"reserved": "m:A"}}),
    "fake-stranger": ("1.2", {"optimizers": {"reserved": "m:A"}}),
}


@pytest.fixture(scope="module")
def fakes(tmp_path_factory):
    root = tmp_path_factory.mktemp("fakes")
    fake_distribution(root / "optiplug", "optiplug", requires=["fake-ours"])
    for name, (version, points) in FAKES.items():
        fake_distribution(root / name, name, version, points=points)
    return [str(path) for path in sorted(root.iterdir())]


def _answers():
    """Return everything that a registry says about the fakes."""
    registry = Registry()
    answers: list[object] = [
        (entry, registry.status(entry), registry.error(entry))
        for entry in registry.entries()
        if entry.distribution in FAKES
    ]
    for kind in KINDS:
        for reference in ("shared", "alone", "alone-3", "reserved", "reserved@fake-stranger", "share"):
            try:
                answers.append(registry.find(kind, reference))
            except PluginError as error:
                answers.append((type(error), str(error)))
    return answers


@given(order=st.permutations(range(len(FAKES) + 1)))
def test_the_order_of_the_path_never_matters(order, fakes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*fakes, *sys.path])
        expected = _answers()
        patch.setattr(sys, "path", [*(fakes[place] for place in order), *sys.path[len(fakes) :]])
        assert _answers() == expected
        assert Registry().find("optimizers", "reserved").distribution == "fake-ours"
        assert len([each for each in expected if isinstance(each, tuple)]) >= len(FAKES)
