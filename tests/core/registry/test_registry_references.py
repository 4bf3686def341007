"""What a reference finds: names, distributions, versions, and which of several."""

from __future__ import annotations

import pytest

from optiplug._config.kinds import OptimizerConfig
from optiplug.errors import (
    AmbiguousPluginError,
    BlockedPluginError,
    ConfigError,
    IncompatiblePluginError,
    UnknownPluginError,
)
from optiplug.registry import Registry
from support.fake_distributions import config_module


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


def test_of_two_copies_the_first_on_the_path_counts(install):
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
        *(f"swift@fake-swift>={'1' * digits}" for digits in (250, 5000)),
        *(None, 3, True, ["swift"], {"name": "swift"}, b"swift", "!!python/name:os.system"),
    ],
)
def test_only_a_name_with_its_distribution_can_be_asked_for(reference, swift):
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


class Mine(OptimizerConfig):
    """Of a name that is taken."""


def test_a_reserved_name_never_falls_to_a_stranger(umbrella):
    registry = Registry()
    registry.block("reserved@fake-ours")
    with pytest.raises(BlockedPluginError, match="reserved@fake_ours"):
        registry.find("optimizers", "reserved")
    assert registry.status(registry.find("optimizers", "reserved@fake-stranger")) == "ambiguous"
    with pytest.raises(AmbiguousPluginError, match="reserved for reserved@fake_ours"):
        registry.register("optimizers", "reserved", Mine)
