"""A folder of programs: what is taken from it, what is put into it, and what is refused."""

import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from optiplug._compilation_cache.store import ProgramStore
from optiplug.errors import ConfigError

KEY, OTHER = "0" * 16, "f" * 16
ROOM = 10**6

HELD = """
import sys, time
from pathlib import Path
from optiplug._compilation_cache.store import ProgramStore
session = ProgramStore(Path(sys.argv[1]), sys.argv[2]).open(10**6)
for name, content in zip(sys.argv[3::2], sys.argv[4::2]):
    (session.folder / name).write_bytes(content.encode())
print(session.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture(name="folder")
def _folder(tmp_path):
    return tmp_path / "programs"


def name_of(number):
    return f"xla_compile_cache__{number}__XLA_CPU_JIT.pb"


def kept(folder, contents, key=KEY):
    """Let a session leave these programs, by their numbers."""
    session = ProgramStore(folder, key).open(ROOM)
    session.fill()
    for number, content in contents.items():
        draft = session.folder / "draft.tmp"
        draft.write_bytes(content)
        draft.replace(session.folder / name_of(number))  # as TensorFlow does
    session.close()


def taken(folder, key=KEY, limit=ROOM):
    """Return what a new session finds, by name."""
    session = ProgramStore(folder, key).open(limit)
    session.fill()
    found = {path.name: path.read_bytes() for path in session.folder.glob("*.pb")}
    session.close()
    return found


def stored(folder):
    return sorted(path for path in folder.iterdir() if path.suffix == ".pb")


@contextmanager
def held(folder, *files):
    """Give the folder of a session with these files, whose process is killed at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", HELD, str(folder), KEY, *files], stdout=subprocess.PIPE, text=True
    ) as process:
        yield Path(process.stdout.readline().strip())
        process.kill()


def test_what_a_session_leaves_the_next_one_finds(folder):
    kept(folder, {1: b"one", 2: b"two"})

    assert taken(folder) == {name_of(1): b"one", name_of(2): b"two"}
    assert len(stored(folder)) == 2
    assert list(folder.iterdir()) == [*folder.glob("*.pb")]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_programs_of_another_key_are_not_found(folder):
    kept(folder, {1: b"one"}, OTHER)

    assert taken(folder) == {}
    assert taken(folder, OTHER) == {name_of(1): b"one"}


def test_a_program_that_is_there_stays(folder):
    kept(folder, {1: b"one"})
    before = [path.stat() for path in stored(folder)]
    kept(folder, {1: b"another"})

    assert [(each.st_ino, each.st_mtime_ns) for each in before] == [
        (each.st_ino, each.st_mtime_ns) for each in (path.stat() for path in stored(folder))
    ]
    assert taken(folder) == {name_of(1): b"one"}


@pytest.mark.parametrize("damaged", [b"", b"on", b"onf", b"\0\0\0"])
def test_a_damaged_program_is_removed(folder, damaged):
    kept(folder, {1: b"one", 2: b"two"})
    first = next(path for path in stored(folder) if path.name.endswith(name_of(1)))
    first.write_bytes(damaged)

    assert taken(folder) == {name_of(2): b"two"}
    assert not first.exists()


def test_the_oldest_are_removed_beyond_the_limit(folder):
    for age, number in enumerate((3, 1, 2)):
        kept(folder, {number: b"x" * 400}, OTHER if number == 2 else KEY)
        newest = next(path for path in stored(folder) if path.name.endswith(name_of(number)))
        os.utime(newest, (age, age))

    assert sorted(taken(folder, limit=1000)) == [name_of(1)]
    assert len(stored(folder)) == 2


def test_of_two_that_are_the_same_program_one_stays(folder):
    kept(folder, {1: b"one"})
    digest = hashlib.sha256(b"same").hexdigest()
    (folder / f"{KEY}.{digest}.{name_of(1)}").write_bytes(b"same")

    assert taken(folder)[name_of(1)] in (b"one", b"same")
    assert len(stored(folder)) == 1


def test_files_of_others_are_left_alone(folder):
    folder.mkdir(mode=0o700)
    for name in ("notes.txt", "model.pb"):
        (folder / name).write_text("mine")
    kept(folder, {1: b"one"})

    assert taken(folder, limit=1) == {}
    assert {path.name for path in folder.iterdir()} == {"notes.txt", "model.pb"}


def test_what_a_killed_process_has_written_is_kept(folder):
    with held(folder, name_of(1), "one", "half.tmp", "half") as session:
        assert session.exists()

    assert taken(folder) == {name_of(1): b"one"}
    assert not session.exists()
    assert len(list(folder.iterdir())) == 1


def test_what_was_written_before_a_restart_is_not_kept(folder):
    with held(folder, name_of(1), "one") as session:
        pass
    session.rename(session.with_name(session.name.replace(".session-", ".session-0")))

    assert taken(folder) == {}
    assert list(folder.iterdir()) == []


def test_a_session_of_a_living_process_is_left_alone(folder):
    with held(folder, name_of(1), "one") as session:
        assert taken(folder) == {}
        assert (session / name_of(1)).read_text() == "one"


def test_a_forked_child_leaves_the_session_of_its_parent(folder):
    # In a process of its own: that of the tests has threads, which a fork does not take along.
    program = (
        "import os, pathlib, sys\n"
        "from optiplug._compilation_cache.store import ProgramStore\n"
        f"session = ProgramStore(pathlib.Path(sys.argv[1]), {KEY!r}).open({ROOM})\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    session.close()\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "kept = session.folder.exists()\n"
        "session.close()\n"
        "print(kept, session.folder.exists())\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", program, folder], text=True)
    assert printed.split() == ["True", "False"]


def test_what_is_not_to_be_kept_is_removed(folder):
    session = ProgramStore(folder, KEY).open(ROOM)
    (session.folder / name_of(1)).write_bytes(b"one")
    session.close(keep=False)

    assert list(folder.iterdir()) == []


def test_checksums_are_in_the_names(folder):
    kept(folder, {1: b"one"})

    assert [path.name for path in stored(folder)] == [
        f"{KEY}.{hashlib.sha256(b'one').hexdigest()}.{name_of(1)}"
    ]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
def test_a_cache_that_others_may_write_is_refused(folder, mode):
    folder.mkdir()
    folder.chmod(mode)

    with pytest.raises(ConfigError, match=rf"nobody else may write.*mode {mode:o}.*chmod"):
        ProgramStore(folder, KEY)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(folder):
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)

    with pytest.raises(ConfigError, match=r"must belong to its user.*owner 12345"):
        ProgramStore(folder, KEY)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("")

    for folder in (file, file / "below"):
        with pytest.raises(ConfigError, match="cannot be kept here"):
            ProgramStore(folder, KEY)


def test_a_folder_without_room_is_refused(folder):
    with pytest.raises(ConfigError, match=r"room for 1,000,000,000,000,000,000 bytes.*megabytes"):
        ProgramStore(folder, KEY).open(10**18)
