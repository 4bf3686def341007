from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from optiplug.checkpoint import claim as module
from optiplug.checkpoint.claim import LOCK, Claim, Owner
from optiplug.errors import ClaimedError, StateError

HOLD = """
import sys
from optiplug.checkpoint.claim import Claim
from optiplug.errors import ClaimedError
claim = Claim(sys.argv[1], say=lambda text: print("took over", flush=True))
try:
    claim.acquire()
except ClaimedError as error:
    print(error, flush=True)
    sys.exit(1)
print("held", flush=True)
sys.stdin.readline()
claim.release()
"""


@pytest.fixture
def holder(tmp_path):
    """Start processes that hold the folder until they are killed or get a line."""
    begun = []

    def start():
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", HOLD, tmp_path]
        begun.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def record(folder, **changes):
    known = replace(Owner.here(), **changes)
    (folder / LOCK).write_text(json.dumps(asdict(known)))
    return known


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_claim_is_a_file_that_goes_with_it(tmp_path):
    claim = Claim(tmp_path)
    with claim:
        assert claim.held
        assert names(tmp_path) == [LOCK]
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert not claim.held
    assert names(tmp_path) == []


def test_its_owner_may_enter_again_and_nobody_else(tmp_path):
    claim = Claim(tmp_path)
    with claim:
        with claim:
            pass
        assert claim.held
        with pytest.raises(ClaimedError, match=f"process {os.getpid()} on"):
            Claim(tmp_path).acquire()
        assert names(tmp_path) == [LOCK]
    with Claim(tmp_path):
        pass


def test_another_process_is_refused_and_told_by_whom(tmp_path, holder):
    process = holder()
    assert process.stdout.readline() == "held\n"
    with pytest.raises(ClaimedError, match=f"claimed by process {process.pid} on .* since 20") as raised:
        Claim(tmp_path).acquire()
    process.communicate("\n")

    assert not isinstance(raised.value, StateError)
    with Claim(tmp_path):
        pass


def test_one_that_was_killed_is_taken_over_with_a_word(tmp_path, holder):
    process, heard = holder(), []
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert names(tmp_path) == [LOCK]

    with Claim(tmp_path, say=heard.append):
        assert heard[0].startswith(f"{tmp_path}: process {process.pid} on ")
        assert "is gone: taken over" in heard[0]


def test_by_default_the_word_is_a_warning(tmp_path):
    record(tmp_path)
    with pytest.warns(UserWarning, match="is gone: taken over"), Claim(tmp_path):
        pass


def test_of_many_that_take_over_at_once_one_wins(tmp_path, holder):
    first = holder()
    first.stdout.readline()
    first.kill()
    first.wait()
    others = [holder() for _ in range(6)]
    with ThreadPoolExecutor() as pool:
        heard = list(pool.map(lambda each: each.stdout.readline(), others))

    assert sum("took over" in line for line in heard) == 1
    assert sum("claimed by" in line for line in heard) == 5


def test_only_one_of_many_threads_is_inside(tmp_path):
    inside, most = [], []

    def work(number):
        for _ in range(200):
            try:
                with Claim(tmp_path):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except ClaimedError:
                pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert max(most) == 1
    assert len(most) > 4


HERE = Owner.here()


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"host": "elsewhere", "boot": "another"}, True),
        ({"host": "a-container-of-this-kernel"}, not HERE.boot),
        ({"boot": "before-the-restart"}, False),
    ],
    ids=["another machine", "another name", "restarted"],
)
def test_machines_are_told_apart_by_host_and_boot(tmp_path, changes, refused):
    record(tmp_path, pid=7, **changes)
    heard = []
    if refused:
        rule = r"claimed by process 7 on elsewhere .* if it has ended, delete .*\.lock"
        with pytest.raises(ClaimedError, match=rule):
            Claim(tmp_path).acquire()
        assert "elsewhere" in (tmp_path / LOCK).read_text()
    else:
        with Claim(tmp_path, say=heard.append):
            assert "process 7" in heard[0]


def test_without_a_boot_the_host_decides():
    here = replace(HERE, boot="")

    assert not here.elsewhere(here)
    assert replace(here, host="other").elsewhere(here)


@pytest.mark.parametrize("text", ["", "\0" * 9000])
def test_a_record_that_was_lost_holds_nothing(tmp_path, text):
    (tmp_path / LOCK).write_text(text)
    with Claim(tmp_path) as claim:
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
        assert claim.held


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"pid": "x"}', "[" * 4000, "my notes"])
def test_a_file_of_something_else_is_left(tmp_path, text):
    (tmp_path / LOCK).write_text(text)
    with pytest.raises(ClaimedError, match=r"there is a file \.lock of something else"):
        Claim(tmp_path).acquire()
    assert (tmp_path / LOCK).read_text() == text


def test_a_claim_that_is_forgotten_is_given_back(tmp_path):
    Claim(tmp_path).acquire()
    gc.collect()

    assert names(tmp_path) == []


def test_a_claim_of_an_error_is_given_back(tmp_path):
    with pytest.raises(KeyError), Claim(tmp_path):
        raise KeyError
    assert names(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_neither_holds_nor_ends_the_claim(tmp_path):
    claim = Claim(tmp_path)
    with claim:
        child = os.fork()
        if not child:
            held = claim.held
            claim.release()
            os._exit(held)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(ClaimedError):
            Claim(tmp_path).acquire()


def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(module, "_lock_file", fail)
    with pytest.raises(ClaimedError, match="cannot be claimed: Function not implemented"):
        Claim(tmp_path).acquire()


def test_a_file_that_was_removed_meanwhile_is_not_the_lock(tmp_path, monkeypatch):
    lock, removed = module._lock_file, []

    def late(descriptor):
        if not removed:
            removed.append((tmp_path / LOCK).unlink())
        lock(descriptor)

    monkeypatch.setattr(module, "_lock_file", late)
    with Claim(tmp_path):
        assert names(tmp_path) == [LOCK]
        with pytest.raises(ClaimedError):
            Claim(tmp_path).acquire()


def test_a_claim_whose_file_was_removed_is_lost(tmp_path):
    lost = Claim(tmp_path)
    lost.verify()
    lost.acquire()
    lost.verify()
    (tmp_path / LOCK).unlink()
    with pytest.raises(ClaimedError, match=r"\.lock was removed"):
        lost.verify()

    with Claim(tmp_path) as other:
        with pytest.raises(ClaimedError):
            lost.verify()
        lost.release()
        other.verify()


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / LOCK).symlink_to("../elsewhere")

    with pytest.raises(OSError, match="symbolic"):
        Claim(tmp_path / "folder").acquire()
    assert (tmp_path / "elsewhere").read_bytes() == b""
