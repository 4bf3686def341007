"""What was written for another version of the plugin API is refused before it is imported."""

from __future__ import annotations

import sys
import tomllib

import pytest

import optiplug
from optiplug import registry
from optiplug._registry.diagnosis import diagnose
from optiplug._registry.plugin_api import PLUGIN_API, PLUGIN_APIS, incompatibility
from optiplug.registry import KINDS
from support.fake_distributions import config_module, installing
from support.project_paths import DISTRIBUTIONS

NEXT = str(PLUGIN_API + 1)


@pytest.fixture
def install(tmp_path, monkeypatch):
    with installing(tmp_path, monkeypatch) as put:

        def written_for(api, name="fake-plugin"):
            points = {"optimizers": {"swift": "fake_swift:Swift"}, **({"api": api} if api else {})}
            put(name, points=points, modules={"fake_swift": config_module("Swift")})
            registry.refresh()

        yield written_for
    monkeypatch.undo()
    registry.refresh()


@pytest.mark.parametrize("api", [None, {"version": str(PLUGIN_API)}])
def test_what_was_written_for_this_version_is_used(install, api):
    install(api)

    assert registry.get("optimizers", "swift").__name__ == "Swift"


@pytest.mark.parametrize(
    ("api", "said"),
    [
        (
            {"version": NEXT},
            f"written for version {NEXT} of the plugin API, and this optiplug has version {PLUGIN_API}",
        ),
        ({"version": "one"}, "'version = one', which is no version of the plugin API"),
        ({"version": "01"}, "'version = 01', which is no version"),
        ({"version": "1" * 900}, "which is no version"),
        ({"vision": "1"}, "'vision = 1', which is no version"),
        ({"version": "1", "more": "1"}, "'version = 1, more = 1', which is no version"),
    ],
)
def test_what_was_not_is_refused_before_it_is_imported(install, api, said):
    install(api)
    (entry,) = [each for each in registry.entries("optimizers") if each.name == "swift"]

    for use in (lambda: registry.get("optimizers", "swift"), lambda: optiplug.create("swift")):
        with pytest.raises(optiplug.OptiplugError) as caught:
            use()
        assert said in str(caught.value)
        assert "fake-plugin" in str(caught.value)
    with pytest.raises(optiplug.IncompatiblePluginError):
        registry.load(entry)
    assert registry.status(entry) == "broken"
    assert said in registry.error(entry)
    assert "fake_swift" not in sys.modules


def test_the_rest_goes_on(install):
    install({"version": NEXT})

    assert registry.get("optimizers", "sgd").__name__ == "SGDConfig"


def test_our_own_say_that_they_are_for_this_version():
    projects = [tomllib.loads((folder / "pyproject.toml").read_text())["project"] for folder in DISTRIBUTIONS]
    points = {each["name"]: each.get("entry-points", {}) for each in projects}
    plugins = [name for name, groups in points.items() if any(f"optiplug.{kind}" in groups for kind in KINDS)]

    assert len(plugins) > 10
    said = {"version": str(PLUGIN_API)}
    assert [name for name in plugins if points[name].get("optiplug.api") != said] == []


def test_what_to_upgrade_is_said(monkeypatch):
    assert incompatibility("swift", [("version", NEXT)]).endswith(": upgrade optiplug-core")
    assert PLUGIN_APIS == (PLUGIN_API,) == (1,)

    monkeypatch.setattr("optiplug._registry.plugin_api.PLUGIN_APIS", (2, 3))
    told = incompatibility("swift", [])
    assert "written for version 1 of the plugin API, and this optiplug has version 2 and 3" in told
    assert told.endswith(": install a newer version of swift")
    assert incompatibility("swift", [("version", "2")]) == ""


def test_the_doctor_tells_of_it(install):
    install({"version": NEXT})

    (told,) = [each for each in diagnose(registry.installed_plugins) if "fake-plugin" in each.where]
    assert f"written for version {NEXT} of the plugin API" in told.reason
    assert not told.usable
