"""What came of trials is remembered until something changes, and whatever is in the files harms nothing."""

from __future__ import annotations

import json
import os

import pytest

from optiplug._registry import trials as module
from optiplug._registry.apart import Answer
from optiplug._registry.registry import Registry
from optiplug._registry.trials import Trial, Trials

FAILED = Trial(1.5, "swift@fake-swift 1.4 cannot be imported from fake_swift:Swift: OSError", printed="hm")
FINE = Trial(2.5, "", 0.25, "", tensorflow=True, absent="nowhere")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "home" / "trials"
    monkeypatch.setenv("OPTIPLUG_TRIALS", str(folder))
    return folder


@pytest.fixture
def entry(swift, folder):
    return Registry().find("optimizers", "swift")


def trials():
    return Trials(Registry().offers)


@pytest.mark.parametrize("trial", [FAILED, FINE])
def test_a_trial_is_remembered(entry, trial):
    assert trials().of(entry) is None
    trials().keep({entry: trial})
    assert trials().of(entry) == trial


def test_a_trial_takes_the_place_of_the_last_or_is_forgotten(entry, folder):
    for trial in (FAILED, FINE, None):
        trials().keep({entry: trial})
        assert trials().of(entry) == trial
        assert len(list(folder.iterdir())) == 1


def test_after_a_change_there_is_none(entry, folder, tmp_path):
    trials().keep({entry: FINE})
    (tmp_path / "fake-swift-1.4" / "fake_swift.py").write_text("X = 1")
    assert trials().of(entry) is None
    trials().keep({entry: FAILED})
    assert trials().of(entry) == FAILED
    assert len(list(folder.iterdir())) == 1


def test_a_change_during_a_trial_is_not_missed(entry, tmp_path):
    own = trials()
    own.begin([entry])
    (tmp_path / "fake-swift-1.4" / "fake_swift.py").write_text("X = 1")
    own.keep({entry: FINE})
    assert trials().of(entry) is None


def test_nothing_is_kept_if_that_is_not_wanted(entry, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("OPTIPLUG_TRIALS", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    trials().keep({entry: FINE})
    assert trials().of(entry) is None
    assert not (tmp_path / "caches").exists()


def test_by_default_it_is_in_the_folder_of_the_user(entry, monkeypatch, tmp_path):
    monkeypatch.delenv("OPTIPLUG_TRIALS")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    trials().keep({entry: FINE})
    assert trials().of(entry) == FINE
    assert (tmp_path / "caches" / "optiplug" / "trials").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["file", "file/below", "nul", "long"])
def test_where_nothing_can_be_written_nothing_happens(entry, tmp_path, monkeypatch, name):
    (tmp_path / "file").touch()
    names = {"nul": "/proc/self/nowhere", "long": f"{tmp_path}/{'x' * 5000}"}
    monkeypatch.setenv("OPTIPLUG_TRIALS", names.get(name, str(tmp_path / name)))
    trials().keep({entry: FINE})
    assert trials().of(entry) is None


def test_a_folder_that_others_may_write_is_not_used(entry, folder):
    trials().keep({entry: FINE})
    folder.chmod(0o777)
    assert trials().of(entry) is None
    trials().keep({entry: FAILED})
    folder.chmod(0o700)
    assert trials().of(entry) == FINE


def _deep():
    return "[" * 100_000


GOOD = {"when": 1.0, "fault": "a", "seconds": 1.0, "printed": "", "tensorflow": False, "absent": ""}
ODD = {
    "no JSON": "{",
    "deep": _deep(),
    "a list": "[]",
    "large": " " * 2_000_000,
    "no bytes of a text": "\ud800",
    "another format": {"format": 2},
    "no trials": {"trials": 3},
    "a trial that is none": {"trials": [3]},
    "a number for a text": {"fault": 3},
    "a text for a number": {"seconds": "x"},
    "not a number": {"seconds": float("nan")},
    "without end": {"seconds": float("inf")},
    "negative": {"seconds": -1.0},
    "a time that is none": {"when": 1e300},
    "no truth": {"tensorflow": "yes"},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_cannot_be_understood_was_never_tried(entry, folder, odd):
    trials().keep({entry: FINE})
    (path,) = folder.iterdir()
    said = json.loads(path.read_text())
    (key,) = said["trials"]
    assert Trial(**GOOD) == _read_after(path, said | {"trials": {key: GOOD}}, entry)
    if isinstance(odd, str):
        path.write_bytes(odd.encode(errors="surrogatepass"))
    elif odd.keys() & {"format", "trials"}:
        path.write_text(json.dumps(said | odd))
    else:
        path.write_text(json.dumps(said | {"trials": {key: GOOD | odd}}))
    assert trials().of(entry) is None
    trials().keep({entry: FINE})
    assert trials().of(entry) == FINE


def _read_after(path, said, entry):
    path.write_text(json.dumps(said))
    return trials().of(entry)


def test_texts_are_cut_and_cannot_steer_a_terminal(entry):
    trials().keep({entry: Trial(1.0, "\x1b[2J" * 10_000, 1.0, "\x07" * 10_000, False, "\u202e" * 10_000)})
    found = trials().of(entry)
    texts = found.fault, found.printed, found.absent
    assert all(0 < len(text) < 25_000 and text.isprintable() for text in texts)
    assert found.day.startswith("1970") or found.day.startswith("1969")


def test_a_link_or_a_pipe_is_not_followed(entry, folder, tmp_path):
    trials().keep({entry: FINE})
    (path,) = folder.iterdir()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert trials().of(entry) is None
    path.unlink()
    os.mkfifo(path)
    assert trials().of(entry) is None
    trials().keep({entry: FAILED})
    assert trials().of(entry) == FAILED


def test_the_oldest_are_removed(entry, folder, monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEPT", 3)
    folder.mkdir(parents=True)
    for number in range(9):
        (folder / f"old{number}.json").touch()
        os.utime(folder / f"old{number}.json", (number, number))
    trials().keep({entry: FINE})
    assert trials().of(entry) == FINE
    assert {path.name for path in folder.iterdir()} >= {"old7.json", "old8.json"}
    assert len(list(folder.iterdir())) == 3


def test_of_other_questions_failures_are_learned(entry):
    failed = Answer(entry, fault=FAILED.fault, printed="hm")
    other = Answer(entry, fault=f"{entry} cannot be described: it has no JSON Schema")
    trials().learn([other])
    assert trials().of(entry) is None
    trials().learn([failed])
    assert (trials().of(entry).fault, trials().of(entry).printed) == (FAILED.fault, "hm")
    trials().learn([other])
    assert trials().of(entry).fault
    trials().learn([Answer(entry, value=3)])
    assert trials().of(entry) is None
    trials().keep({entry: FINE})
    trials().learn([Answer(entry, value=3)])
    assert trials().of(entry) == FINE


def test_it_failed_if_what_it_configures_is_not_there():
    assert FAILED.failure == FAILED.fault
    assert FINE.failure == "there is no module nowhere, which its Config says implements it"
    assert Trial(1.0, seconds=9.0, printed="hm").failure == ""
