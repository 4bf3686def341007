"""What the import of a plugin shows is told, apart from this process."""

from __future__ import annotations

import sys

import pytest

from optiplug._registry.import_troubles import troubles_of_imports
from optiplug._registry.registry import installed_plugins
from support.fake_distributions import config_module, installing

SOUND = config_module("Config").replace("nowhere:Config", "optiplug_sgd.sgd:SGD")


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Return what is told of a plugin with this module, by what it is."""
    with installing(tmp_path, monkeypatch) as install:

        def of(source, **limits):
            points = {"optimizers": {"odd": "fake_odd:Config"}}
            install("fake-odd", points=points, modules={"fake_odd": source})
            installed_plugins.refresh()
            entries = [each for each in installed_plugins.known() if each.distribution == "fake-odd"]
            found = troubles_of_imports(installed_plugins, entries, **limits)
            assert "fake_odd" not in sys.modules
            assert {trouble.where for trouble in found} <= {"odd@fake-odd 1.0"}
            assert all(trouble.hint and trouble.path for trouble in found)
            return {trouble.what: trouble for trouble in found}

        yield of
        monkeypatch.undo()
        installed_plugins.refresh()


def test_a_sound_plugin_is_not_told_of(told):
    assert told(SOUND) == {}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import os; os._exit(0)", "ended the process"),
        ("import time\nwhile True: time.sleep(1)", "longer than 1 seconds"),
        (config_module("Other"), "has no attribute 'Config'"),
        (config_module("Config"), "there is no module nowhere"),
    ],
)
def test_a_broken_one_has_its_reason(source, reason, told):
    found = told(source, **({"limit": 1.0} if "while" in source else {}))
    assert found.keys() == {"broken"}
    assert reason in found["broken"].reason
    assert not found["broken"].usable


def test_one_that_prints_is_told_with_the_words(told):
    found = told(f"print('hel\\x1blo')\n{SOUND}")
    assert found.keys() == {"prints"}
    assert "hel" in found["prints"].reason
    assert found["prints"].usable
    assert str(found["prints"]).isprintable()


def test_one_that_takes_its_time_is_told(told):
    found = told(f"import time; time.sleep(0.6)\n{SOUND}", slow=0.5)
    assert found.keys() == {"slow"}
    assert "seconds to import" in found["slow"].reason


def test_one_that_imports_tensorflow_is_told(told):
    source = f"import sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n{SOUND}"
    assert "as it imports TensorFlow" in told(source)["slow"].reason


def test_one_that_is_blocked_is_not_imported(told):
    installed_plugins.block("fake-odd")
    try:
        assert told("raise RuntimeError") == {}
    finally:
        installed_plugins.unblock("fake-odd")
