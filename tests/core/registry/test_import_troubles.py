"""What the import of a plugin shows is told, apart from this process."""

from __future__ import annotations

import sys
import time

import pytest

from optiplug._registry.import_troubles import troubles_of_imports
from optiplug._registry.registry import installed_plugins
from optiplug._registry.trials import Trials
from support.fake_distributions import config_module, installing

SOUND = config_module("Config").replace("nowhere:Config", "optiplug_sgd.sgd:SGD")


# What their sources do not show.
RAISES = f"{SOUND}for each in 'x': raise RuntimeError('no licence')"
EXITS = f"{SOUND}import os\nfor each in 'x': os._exit(0)"
HANGS = f"{SOUND}import time\ntime.sleep(600)"


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """Return what is told of one plugin, or of several, with this module."""
    monkeypatch.setenv("OPTIPLUG_TRIALS", str(tmp_path / "trials"))
    with installing(tmp_path, monkeypatch) as install:

        def of(source, *names, **limits):
            for name in names or ("odd",):
                points = {"optimizers": {name: f"fake_{name}:Config"}}
                if not (tmp_path / f"fake-{name}-1.0").exists():
                    install(f"fake-{name}", points=points, modules={f"fake_{name}": source})
                path = tmp_path / f"fake-{name}-1.0" / f"fake_{name}.py"
                if path.read_text() != source:
                    path.write_text(source)
            installed_plugins.refresh()
            entries = [each for each in installed_plugins.known() if each.distribution.startswith("fake-")]
            found = troubles_of_imports(
                installed_plugins, entries, Trials(installed_plugins.offers), **limits
            )
            assert not [name for name in sys.modules if name.startswith("fake_")]
            return found

        yield of
        monkeypatch.undo()
        installed_plugins.refresh()


@pytest.fixture
def told(looked):
    """Return what is told of a plugin with this module, by what it is."""

    def of(source, **limits):
        found, untried = looked(source, **limits).found, looked(source, **{**limits, "again": False}).untried
        assert {trouble.where for trouble in found} <= {"odd@fake-odd 1.0"}
        assert all(trouble.hint and trouble.path for trouble in found)
        assert untried == []
        return {trouble.what: trouble for trouble in found}

    return of


def test_a_sound_plugin_is_not_told_of(told):
    assert told(SOUND) == {}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (RAISES, "RuntimeError: no licence"),
        (EXITS, "ended the process"),
        (HANGS, "longer than 1 seconds"),
        (f"{config_module('Other')}def __getattr__(name): raise AttributeError", "AttributeError"),
        (config_module("Config"), "there is no module nowhere"),
    ],
)
def test_a_broken_one_has_its_reason(source, reason, told):
    found = told(source, **({"limit": 1.0} if source == HANGS else {}))
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


def test_what_sources_show_is_told_without_running_them(looked, tmp_path):
    mark = tmp_path / "mark"
    (trouble,) = looked(f"open({str(mark)!r}, 'w')\nraise OSError", within=0).found
    assert (trouble.what, trouble.usable) == ("broken", False)
    assert "line 2 of fake_odd is `raise OSError`" in trouble.reason
    assert looked(f"open({str(mark)!r}, 'w')\nraise OSError").found == [trouble]
    assert not mark.exists()


@pytest.fixture
def counted(tmp_path):
    """A source that leaves a file each time that it is run, and how often it was."""
    (tmp_path / "runs").mkdir()
    source = f"import tempfile\ntempfile.mkstemp(dir={str(tmp_path / 'runs')!r})\n"
    return source, lambda: len(list((tmp_path / "runs").iterdir()))


def test_what_was_tried_is_not_tried_again_unless_it_changed(looked, counted):
    source, runs = counted
    (first,) = looked(f"{source}{RAISES}").found
    (second,) = looked(f"{source}{RAISES}").found
    assert (runs(), second.reason) == (1, first.reason)
    assert "doctor --again" in second.hint
    assert "--again" not in first.hint
    assert looked(f"{source}{RAISES}", again=True).found == [first]
    assert runs() == 2
    assert looked(f"{source}{SOUND}").found == []
    assert runs() == 3


def test_the_manners_of_a_sound_one_are_remembered(looked, counted):
    source, runs = counted
    first, second = (looked(f"{source}print('hello')\n{SOUND}").found for _ in range(2))
    assert [each.what for each in first] == [each.what for each in second] == ["prints"]
    assert runs() == 1


def test_what_nobody_has_tried_is_said(looked, counted):
    source, runs = counted
    found = looked(f"{source}{SOUND}", within=0)
    assert (found.found, [entry.name for entry in found.untried], runs()) == ([], ["odd"], 0)
    assert looked(f"{source}{SOUND}").untried == []
    assert looked(f"{source}{SOUND}", within=0).untried == []


def test_what_there_is_no_time_for_is_left_to_the_next_call(looked):
    waiting = []
    found = looked(HANGS, within=1.5, limit=600, waiting=waiting.extend)
    assert (found.found, [entry.name for entry in found.untried]) == ([], ["odd"])
    assert {entry.name for entry in waiting} == {"odd"}


def test_those_that_hang_are_waited_for_at_the_same_time(looked):
    names = [f"odd{number}" for number in range(16)]
    begun = time.monotonic()
    found = looked(HANGS, *names, limit=3, within=600)
    assert ["longer than 3 seconds" in each.reason for each in found.found] == [True] * 16
    # One after the other on two processors it would take 24 seconds.
    assert time.monotonic() - begun < 20
