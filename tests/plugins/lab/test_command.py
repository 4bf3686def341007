"""What `optiplug train` hands on, without a run."""

from __future__ import annotations

import pytest

from optiplug.errors import ConfigError, DriftError
from optiplug.locking import lock_of, read_lock
from optiplug_lab import command

RUN = """\
command: train
task: digits
optimizer: {use: sgd, momentum: 0.9}
steps: 4
strategy: multi_worker
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(RUN)
    return path


@pytest.fixture
def lock(tmp_path, file):
    path = tmp_path / "optiplug.lock"
    path.write_text(lock_of([command.read_config(file)]).text())
    return path


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What workers of this machine would be started with."""
    found = []
    monkeypatch.setattr(command, "train_on_workers", lambda *given: found.append(given[-1]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return found


@pytest.mark.parametrize("options", [{"locked": True}, {"lock": "optiplug.lock"}], ids=str)
def test_workers_are_told_what_was_asked(file, lock, told, options):
    run = file.with_name("run")
    command.train(file, local_workers=2, set_=["steps=3"], run_dir=run, quiet=True, **options)
    (arguments,) = told
    path = str(lock) if "locked" in options else lock.name
    assert arguments[0] == str(file)
    assert arguments[3:] == ["--set=steps=3", f"--lock={path}", "--quiet"]


def test_what_is_not_locked_starts_no_worker(file, lock, told):
    file.write_text(RUN.replace("momentum: 0.9", "clipnorm: 1"))
    with pytest.raises(DriftError, match=r"run\.yaml:3:33: optimizer\.clipnorm\.use: clip_by_norm@"):
        command.train(file, local_workers=2, locked=True)
    assert told == []
    assert sorted(each.name for each in file.parent.iterdir()) == ["optiplug.lock", "run.yaml"]


def test_the_command_itself_counts(file, lock):
    lock.write_text(lock.read_text().replace('"train"', '"other"'))
    with pytest.raises(DriftError, match=r"run\.yaml:1:10: command: train@optiplug-lab \S+ is not locked"):
        command.read_run(file, lock=read_lock(lock))


def test_a_run_without_its_lock_file_is_refused(file, told):
    with pytest.raises(ConfigError, match="the lock file cannot be read"):
        command.train(file, local_workers=2, locked=True)
    assert told == []
