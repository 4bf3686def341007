"""What is promised of plugins that are installed and not meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from optiplug import registry
from optiplug._config.documents import optimizer_of
from optiplug._registry.diagnosis import diagnose
from optiplug._registry.import_troubles import troubles_of_imports
from optiplug._registry.registry import Registry
from optiplug._registry.trials import Trial, Trials
from optiplug.cli.cards import cards
from optiplug.errors import ConfigError, PluginError
from support.damaged_distributions import DAMAGES
from support.fake_distributions import config_module, installing

USE = {"use": "partition", "groups": [{"name": "a", "optimizer": "swift"}]}


@pytest.mark.parametrize(
    ("variables", "plugins"),
    [
        ({"OPTIPLUG_BLOCK": "fake-swift"}, {"allow": ["fake-swift"]}),
        ({"OPTIPLUG_PLUGINS": "fake-other"}, {"allow": ["fake-swift"]}),
        ({"OPTIPLUG_DISABLE_AUTOLOAD": "1"}, {}),
        ({}, {"block": ["swift"]}),
        ({}, {"allow": []}),
        ({}, {"require": ["fake-swift>=2"]}),
    ],
)
def test_what_may_be_used_is_decided_before_any_import(tmp_path, monkeypatch, variables, plugins):
    source = f"open({str(tmp_path / 'imported')!r}, 'w')\n{config_module('Swift')}"
    program = (
        "import sys; from optiplug._config.documents import optimizer_of; "
        f"optimizer_of({{**{USE!r}, 'plugins': {plugins!r}}})"
    )
    with installing(tmp_path, monkeypatch) as install:
        install(
            "fake-swift", points={"optimizers": {"swift": "fake_swift:Swift"}}, modules={"fake_swift": source}
        )
        path = os.pathsep.join(sys.path)
    environment = {**os.environ, **variables, "PYTHONPATH": path}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert "ConfigError" in ended.stderr
    assert "fake-swift" in ended.stderr
    assert not (tmp_path / "imported").exists()
    assert optimizer_of({"use": "sgd", "plugins": {"allow": []}}).kind == "optimizers"


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_metadata_hides_nothing_and_breaks_nothing(name, tmp_path, monkeypatch):
    with installing(tmp_path, monkeypatch) as install:
        install("fake-hurt", points={"optimizers": {"hurt": "fake_hurt:Hurt"}})
        DAMAGES[name].do(tmp_path / "fake-hurt-1.0" / "fake_hurt-1.0.dist-info")
        found = Registry()

        assert [each for each in found.troubles() if str(tmp_path) in each.path]
        assert [each for each in diagnose(found) if str(tmp_path) in each.path]
        assert {entry for entry in registry.entries() if entry.built_in} <= set(found.entries())
        assert found.get("optimizers", "sgd").__name__ == "SGDConfig"
        with pytest.raises((ConfigError, PluginError)):
            found.get("optimizers", "hurt")


FORGED = {
    "broken": {"fault": "\x1b[2J it is broken", "printed": "\x07", "absent": "\u202e", "tensorflow": True},
    "sound": {"fault": "", "printed": "", "absent": "", "tensorflow": False},
    "odd": {"fault": ["import os; os._exit(1)"], "printed": {"$ref": "x"}, "absent": None, "tensorflow": 1},
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_remembered_of_a_plugin_decides_nothing(tmp_path, monkeypatch, forged):
    monkeypatch.setenv("OPTIPLUG_TRIALS", str(tmp_path / "trials"))
    with installing(tmp_path, monkeypatch) as install:
        for name in ("sound", "failing", "hurt"):
            source = config_module("Swift") + ("raise OSError" if name == "failing" else "")
            points = {"optimizers": {name: f"fake_{name}:Swift"}}
            install(f"fake-{name}", points=points, modules={f"fake_{name}": source})
        DAMAGES["no-version"].do(tmp_path / "fake-hurt-1.0" / "fake_hurt-1.0.dist-info")
        registry.refresh()
        known = registry.installed_plugins
        entries = [registry.find("optimizers", name) for name in ("sound", "failing")]
        Trials(known.offers).keep({entry: Trial(1.0) for entry in entries})
        for path in (tmp_path / "trials").iterdir():
            said = json.loads(path.read_text())
            said["trials"] = {key: trial | FORGED[forged] for key, trial in said["trials"].items()}
            path.write_text(json.dumps(said))

        listed = {card.entry.name: card for card in cards(registry.entries("optimizers"))}
        assert ("it is broken" in listed["sound"].error) is (forged == "broken")
        assert "is `raise OSError`" in listed["failing"].error
        assert "hurt" not in listed
        assert all(card.error.isprintable() for card in listed.values())
        assert [each for each in registry.troubles() if "fake_hurt" in each.path and not each.usable]
        found = troubles_of_imports(known, entries, Trials(known.offers), within=0).found
        assert any("is `raise OSError`" in each.reason for each in found)
        assert all(str(each).isprintable() for each in found)

        assert registry.get("optimizers", "sound").__name__ == "Swift"
        assert registry.status(entries[0]) == "loaded"
        with pytest.raises(PluginError, match="OSError"):
            registry.get("optimizers", "failing")
