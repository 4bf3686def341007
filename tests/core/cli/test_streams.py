"""Standard streams that are closed, full, or know few characters; no process needs TensorFlow."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from optiplug.cli.streams import Messages, Output

FULL = "standard output: No space left on device. Hint: make room on the disk.\n"
CLOSED = "standard output: Bad file descriptor.\n"


def shell(command, **environment):
    """Run `optiplug` with redirections; NONE is a file that is not there."""
    optiplug = f"{shlex.quote(sys.executable)} -m optiplug.cli"
    return subprocess.run(
        ["bash", "-c", f"{optiplug} {command}"],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "", **environment},
        check=False,
    )


@pytest.mark.sampled(2)
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")  # noqa: PTH110
@pytest.mark.parametrize("command", ["list", "schema sgd", "--help", "--version"])
def test_a_full_stdout_is_a_line_and_exit_code_1(command):
    result = shell(f"{command} >/dev/full")

    assert (result.returncode, result.stderr) == (1, FULL)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("list >&-", 1, CLOSED),
        ("--help >&-", 1, CLOSED),
        ("check none.yaml >&-", 3, "none.yaml: the file cannot be read: No such file or directory.\n"),
        ("list >&- 2>&-", 1, ""),
        ("lst 2>&-", 2, ""),
        ("check - <&-", 3, "<stdin>: the file cannot be read: Bad file descriptor.\n"),
    ],
)
def test_a_closed_stream_fails_if_it_is_needed(command, code, text):
    result = shell(command)

    assert (result.returncode, result.stderr) == (code, text)


CONFIG_WITHOUT_ASCII = "use: sgd\nlearning_rate: 0.1\nname: \u03b1\n"


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_what_an_encoding_has_not_is_escaped(tmp_path, environment):
    (tmp_path / "o.yaml").write_text(CONFIG_WITHOUT_ASCII, encoding="utf-8")
    shown = shell(f"explain {tmp_path}/o.yaml --json", **environment)
    result = shell("list --wide", **{**environment, "COLUMNS": "60"})

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.isascii()
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.fixture
def full():
    with open("/dev/full", "wb", buffering=0) as file:  # noqa: PTH123
        yield file.fileno()


def test_output_names_itself_once(full):
    output = Output(full, "utf-8")
    output.write("text")
    with pytest.raises(OSError, match="standard output") as caught:
        output.flush()
    output.write("more")
    output.flush()

    assert caught.value.filename == "standard output"


def test_messages_never_fail(full):
    messages = Messages(full, "ascii")
    messages.write("\u03b1 line\n")
    messages.flush()


def test_output_escapes_what_its_encoding_has_not(tmp_path):
    with (tmp_path / "out").open("wb") as file:
        output = Output(file.fileno(), "ascii")
        assert output.write("\u03b1\udcff") == 2
        output.flush()

    assert (tmp_path / "out").read_bytes() == rb"\u03b1\udcff"
