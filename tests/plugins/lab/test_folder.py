from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from optiplug import ConfigError, StateError
from optiplug.checkpoint.claim import LOCK
from optiplug.errors import ClaimedError
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder

CONFIG = TrainConfig(task={"use": "digits"}, optimizer={"use": "sgd"}, steps=10)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_default_names_never_collide(here):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: RunFolder.new(None, "run"), range(24)))

    assert len({folder.path for folder in folders}) == 24
    assert all(folder.path.is_dir() for folder in folders)


@pytest.mark.parametrize("name", ["x" * 240, "ä" * 240])
def test_a_long_name_is_cut(here, name):
    folder = RunFolder.new(None, name)

    assert folder.path.name.startswith(name[:90])
    assert len(os.fsencode(folder.path.name)) < 256


def test_what_nothing_was_written_into_is_removed(tmp_path):
    for path in (tmp_path / "one", tmp_path / "new" / "two"):
        with RunFolder.new(path, ""):
            assert names(path) == [LOCK]
    assert names(tmp_path) == []


def test_an_empty_folder_that_was_there_stays(tmp_path):
    path = tmp_path / "empty"
    path.mkdir()
    with RunFolder.new(path, ""):
        pass
    assert names(path) == []


@pytest.mark.parametrize(("keep", "left"), [(False, []), (True, ["config.yaml", "metrics.csv"])])
def test_an_error_before_the_first_step_leaves_nothing(tmp_path, keep, left):
    path = tmp_path / "run"
    path.mkdir()
    folder = RunFolder.new(path, "")

    def fail():
        with folder:
            folder.record(CONFIG)
            folder.metrics.touch()
            if keep:
                folder.keep()
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert names(path) == left


def test_an_error_of_a_run_that_goes_on_removes_nothing(tmp_path):
    with RunFolder.new(tmp_path, "") as folder:
        folder.record(CONFIG)
    with pytest.raises(MemoryError), RunFolder(tmp_path):
        raise MemoryError

    assert names(tmp_path) == ["config.yaml"]


def test_two_runs_in_one_folder(tmp_path):
    first, second = RunFolder.new(tmp_path / "run", ""), RunFolder.new(tmp_path / "run", "")
    with first as folder:
        with pytest.raises(ClaimedError, match=f"process {os.getpid()} on"), second:
            pass
        folder.record(CONFIG)
        with pytest.raises(ClaimedError), RunFolder.new(tmp_path / "run", ""):
            pass
    with pytest.raises(ConfigError, match="the run folder must be new or empty"), second:
        pass
    assert names(tmp_path / "run") == ["config.yaml"]


@pytest.mark.parametrize("name", [LOCK, ".config.yaml-7-0.draft"])
def test_a_run_that_was_killed_before_its_config_is_none(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(StateError, match=f"no run in this folder.*--run-dir {tmp_path}"):
        _ = RunFolder(tmp_path).config_in_force

    with RunFolder.new(tmp_path, "") as folder:
        folder.record(CONFIG)
        assert names(tmp_path) == [LOCK, "config.yaml"]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("file/run", "Not a directory"),
        ("file", "File exists"),
        ("x" * 300, "File name too long"),
        ("new/" + "x" * 300, "File name too long"),
        ("nul\0", "embedded null byte"),
        ("full", "must be new or empty"),
    ],
)
def test_what_can_be_no_run_folder(tmp_path, path, rule):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()

    with pytest.raises(ConfigError, match=rule):
        RunFolder.new(tmp_path / path, "")
    assert names(tmp_path) == ["file", "full"]


def test_what_was_recorded_stays(tmp_path):
    folder, longer = RunFolder(tmp_path), CONFIG.model_copy(update={"steps": 20})
    for config in (CONFIG, CONFIG, longer, longer):
        folder.record(config)
    assert names(tmp_path) == ["config-2.yaml", "config.yaml"]
    assert "steps: 10\n" in folder.config.read_text()
    assert folder.config_in_force == tmp_path / "config-2.yaml"

    folder.record(longer, ["data.text\nwas a, is b"])
    folder.record(longer, ["data.text\nwas a, is b"])
    folder.record(longer)
    text = folder.config_in_force.read_text()
    assert names(tmp_path) == ["config-2.yaml", "config-3.yaml", "config.yaml"]
    assert text.startswith("# data.text was a, is b\ncommand: train\n")


def test_the_newest_config_is_found_by_its_number(tmp_path):
    for name in ("config.yaml", "config-2.yaml", "config-10.yaml", "config-x.yaml", "config-1.yaml"):
        (tmp_path / name).touch()

    assert RunFolder(tmp_path).config_in_force.name == "config-10.yaml"


def test_a_run_with_steps_has_begun(tmp_path):
    folder = RunFolder(tmp_path)
    folder.check_unbegun()
    folder.metrics.write_bytes(b"step,loss\r\n0,\r\n")
    folder.check_unbegun()
    folder.metrics.write_bytes(b"step,loss\r\n0,\r\n1,0.5\r\n")
    with pytest.raises(StateError, match="there is no checkpoint, though"):
        folder.check_unbegun()


REFUSED = """
import pathlib, sys
from optiplug.errors import ClaimedError
from optiplug_lab.command import train
try:
    train(**{sys.argv[1]: pathlib.Path(sys.argv[2])}, file=pathlib.Path(sys.argv[3]))
except ClaimedError:
    print("refused", "tensorflow" in sys.modules)
"""


@pytest.mark.parametrize("option", ["run_dir", "resume"])
def test_a_claimed_folder_is_refused_before_tensorflow(tmp_path, option):
    run, file = tmp_path / "run", tmp_path / "run.yaml"
    file.write_text("command: train\ntask: digits\noptimizer: sgd\nsteps: 1\n")
    with RunFolder.new(run, "") as folder:
        folder.record(CONFIG)
        folder.keep()
        command = [sys.executable, "-c", REFUSED, option, run, file]
        told = subprocess.run(command, capture_output=True, text=True, check=True)

    assert told.stdout == "refused False\n"
    assert names(run) == ["config.yaml"]
