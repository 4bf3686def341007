"""Programs that one process compiled and another one reads: real processes, one folder."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

STEPS = """
import hashlib, sys
import optiplug
if len(sys.argv) > 1:
    optiplug.cache(sys.argv[1])
import tensorflow as tf
variables = [tf.Variable(tf.reshape(tf.range(60000.0) / 60000, [200, 300])), tf.Variable(tf.ones([300]))]
optimizer = optiplug.create("adamw", learning_rate=0.1, global_clipnorm=1.0)
for _ in range(3):
    optimizer.apply_gradients([(0.3 * each, each) for each in variables])
print(hashlib.sha256(b"".join(each.numpy().tobytes() for each in variables)).hexdigest())
"""
LOADED = "Loading cached entry for"


def started(*arguments, program=STEPS, **environment):
    """Start a process that takes steps, and says what TensorFlow loads."""
    log = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "device_executable_persistor=1"}
    clean = {
        name: value for name, value in os.environ.items() if name not in ("TF_XLA_FLAGS", "OPTIPLUG_CACHE")
    }
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, **log, **environment},
    )


def ended(process):
    """Return what it printed, and how many programs it has loaded."""
    printed, log = process.communicate(timeout=300)
    assert process.returncode == 0, log[-2000:]
    return printed.strip(), log.count(LOADED)


def refused(*arguments, program=STEPS, **environment):
    """Return the last line of the traceback of a process that must fail."""
    process = started(*arguments, program=program, **environment)
    _, log = process.communicate(timeout=300)
    assert process.returncode == 1
    return log.strip().splitlines()[-1]


def files(folder):
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.fixture(name="filled", scope="module")
def _filled(tmp_path_factory):
    """Return a folder that a process has filled, what that printed, and what one without it prints."""
    folder = tmp_path_factory.mktemp("filled") / "programs"
    printed, loaded = ended(started(folder))
    assert loaded == 0
    return folder, printed, ended(started())[0]


def test_the_second_process_loads_and_has_the_same_bits(filled):
    folder, printed, without = filled
    before = files(folder)

    again, loaded = ended(started(OPTIPLUG_CACHE=str(folder)))

    assert before
    assert loaded == len(before)
    assert again == printed == without
    assert files(folder) == before


def test_other_flags_of_xla_load_nothing(filled, tmp_path):
    folder, printed, _ = filled
    folder = shutil.copytree(folder, tmp_path / "programs")

    again, loaded = ended(started(folder, XLA_FLAGS="--xla_cpu_enable_fast_math=false"))

    assert (again, loaded) == (printed, 0)


def test_four_processes_at_once(filled, tmp_path):
    _, printed, _ = filled
    folder = tmp_path / "programs"
    processes = [started(folder) for _ in range(4)]

    assert [ended(each)[0] for each in processes] == [printed] * 4
    assert ended(started(folder)) == (printed, len(files(filled[0])))
    names = [re.sub(r"^\w+\.\w+\.", "", name) for name in files(folder)]
    assert len(names) == len(set(names)) == len(files(filled[0]))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["*.tmp", "*.pb"])
def test_a_process_that_is_killed_as_it_writes(filled, tmp_path, what):
    _, printed, _ = filled
    folder = tmp_path / "programs"
    process = started(folder)
    while process.poll() is None and not any(folder.glob(f"*.session-*/{what}")):
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert ended(started(folder))[0] == printed
    assert ended(started(folder)) == (printed, len(files(folder)))


def test_damaged_programs_are_compiled_again(filled, tmp_path):
    folder, printed, _ = filled
    copy = tmp_path / "programs"
    copy.mkdir(mode=0o700)
    for number, path in enumerate(sorted(folder.iterdir())):
        content = path.read_bytes()
        damaged = [content[: len(content) // 2], b"garbage", content[:-1] + b"\1", b""][number % 4]
        (copy / path.name).write_bytes(damaged)

    assert ended(started(copy)) == (printed, 0)
    assert ended(started(copy)) == (printed, len(files(folder)))


def test_a_folder_that_disappears_meanwhile(tmp_path):
    program = f"import shutil\n{STEPS}".replace("optimizer = ", "shutil.rmtree(sys.argv[1])\noptimizer = ")

    printed, _ = ended(started(tmp_path / "programs", program=program))

    assert len(printed) == 64


def test_too_late_is_an_error(tmp_path):
    begun = "import tensorflow as tf\ntf.zeros([]) + 1\nimport optiplug\n"

    assert "TensorFlow has begun" in refused(program=f"{begun}optiplug.cache({str(tmp_path)!r})")
    assert "TensorFlow has begun" in refused(program=begun, OPTIPLUG_CACHE=str(tmp_path))


def test_in_time_without_tensorflow(tmp_path):
    program = (
        "import sys, optiplug\noptiplug.cache(sys.argv[1])\noptiplug.cache(sys.argv[1])\n"
        "print('tensorflow' in sys.modules)"
    )

    assert ended(started(tmp_path / "programs", program=program)) == ("False", 0)


def test_one_directory_for_each_process(tmp_path):
    program = "import sys, optiplug\nfor each in sys.argv[1:]: optiplug.cache(each)"

    assert "kept in one directory" in refused(tmp_path / "one", tmp_path / "two", program=program)


def test_a_directory_of_the_users_own_in_the_flags(tmp_path):
    flags = "--tf_xla_persistent_cache_directory=/elsewhere"

    assert "names a directory, too" in refused(tmp_path / "programs", TF_XLA_FLAGS=flags)


def test_a_child_has_a_session_of_its_own(tmp_path):
    child = (
        "import os, optiplug; optiplug.cache(__import__('sys').argv[1]); print(os.environ['TF_XLA_FLAGS'])"
    )
    program = (
        f"{child}\nimport subprocess, sys\n"
        f"print(subprocess.check_output([sys.executable, '-c', {child!r}, sys.argv[1]], text=True))"
    )

    printed, _ = ended(
        started(tmp_path / "programs", program=program, TF_XLA_FLAGS="--tf_xla_clustering_debug")
    )
    own, childs = printed.split("\n")

    assert own != childs
    for flags in (own, childs):
        assert flags.startswith("--tf_xla_clustering_debug --tf_xla_persistent")
        assert flags.count("directory=") == 1


def test_a_path_with_spaces_is_refused(tmp_path):
    assert "with spaces" in refused(tmp_path / "my programs")


@pytest.mark.parametrize("value", ["", "0"])
def test_switched_off_by_the_environment(tmp_path, value):
    program = "import os, optiplug; print('TF_XLA_FLAGS' in os.environ)"

    assert ended(started(program=program, OPTIPLUG_CACHE=value, XDG_CACHE_HOME=str(tmp_path))) == ("False", 0)


@pytest.mark.skipif(sys.platform != "linux", reason="the default is elsewhere")
def test_the_default_directory(tmp_path):
    program = "import os, optiplug; print(os.environ['TF_XLA_FLAGS'])"

    printed, _ = ended(started(program=program, OPTIPLUG_CACHE="1", XDG_CACHE_HOME=str(tmp_path)))

    assert f"={tmp_path}/optiplug/xla/" in printed
