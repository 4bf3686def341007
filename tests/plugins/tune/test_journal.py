"""The journal of a study when processes are killed while they write it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import optuna
import pytest
from optuna.trial import TrialState

from optiplug_tune.journal import open_journal
from optiplug_tune.locks import FileLock

HOLDER = """
import sys, time
from pathlib import Path
from optiplug_tune.locks import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _quiet():
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


def study_in(path):
    return optuna.create_study(storage=open_journal(path), study_name="s", load_if_exists=True)


def finished(path, value):
    study = study_in(path)
    trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
    study.tell(trial, value)


def test_a_record_cut_at_any_byte_was_never_written(tmp_path):
    journal, torn = tmp_path / "study.journal", tmp_path / "torn.journal"
    finished(journal, 0.25)
    finished(journal, 0.5)
    whole = journal.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    assert b'"values":[0.5]' in whole[last:]

    for end in range(last, len(whole)):
        torn.write_bytes(whole[:end])
        assert [each.state for each in study_in(torn).trials] == [TrialState.COMPLETE, TrialState.RUNNING]
        study = study_in(torn)
        study.tell(1, 0.75)
        assert [each.value for each in study_in(torn).trials] == [0.25, 0.75]
        assert torn.read_bytes()[:last] == whole[:last]


def test_a_long_torn_record_is_cut_as_well(tmp_path):
    journal = tmp_path / "study.journal"
    finished(journal, 0.25)
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code":8,"user_attr":"' + 10_000 * b"x")

    finished(journal, 0.5)

    assert journal.read_bytes().startswith(whole)
    assert [each.value for each in study_in(journal).trials] == [0.25, 0.5]


def test_a_journal_without_one_whole_record_begins_anew(tmp_path):
    journal = tmp_path / "study.journal"
    journal.write_bytes(b'{"op_code":0,"wor')

    finished(journal, 0.5)

    assert [each.value for each in study_in(journal).trials] == [0.5]


def test_a_killed_process_does_not_keep_its_lock(tmp_path):
    journal = tmp_path / "study.journal"
    finished(journal, 0.25)
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(journal)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        thread = threading.Thread(target=finished, args=(journal, 0.5), daemon=True)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        holder.send_signal(signal.SIGKILL)
        # Optuna's own lock would be broken after 30 s.
        thread.join(20)
        assert not thread.is_alive()
    assert [each.value for each in study_in(journal).trials] == [0.25, 0.5]
    assert [path.name for path in tmp_path.iterdir()] == ["study.journal"]


def test_a_lock_that_is_held_is_had_again_after_an_interrupt(tmp_path):
    lock = FileLock(tmp_path / "turn")
    descriptor = lock.acquire()

    assert lock.acquire() == descriptor
    lock.release()
    with lock, pytest.raises(BlockingIOError):
        other_process_takes(lock.path)


def other_process_takes(path):
    import fcntl

    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
