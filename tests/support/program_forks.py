"""Programs in Python that begin at once, in an environment that is TensorFlow's from its import on.

What `support.forks` begins has the log of the server that all tests share. As a program this is a server
of its own, which has imported TensorFlow and run nothing, and forks for each program that it is sent.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from support.project_paths import ROOT

__all__ = ["Program", "Programs", "programs"]

_PATIENCE = 120.0  # seconds in which TensorFlow is imported on a busy machine


class Program:
    """A program that runs, or has ended; its names are those of `subprocess.Popen`."""

    def __init__(self, answers: socket.socket, out: Path, err: Path) -> None:
        self._answers, self._lines, self._files = answers, answers.makefile(), (out, err)
        self._pid = int(self._lines.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, negative if a signal has ended it; None while it runs."""
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self.returncode = int(self._lines.readline())
            self._lines.close()
            self._answers.close()
        return self.returncode

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for the end, and return what it has printed and said."""
        if self.returncode is None:
            assert select.select([self._answers], [], [], timeout)[0], f"it runs for more than {timeout:g} s"
            self.poll()
        out, err = (path.read_text(errors="replace") for path in self._files)
        return out, err

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self._pid, signal.SIGKILL)


class Programs:
    """What begins programs, until the block of `programs` ends."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0

    def begin(self, program: str, *arguments: object, environment: Mapping[str, str]) -> Program:
        """Run the text of a program with these arguments, and with these variables only."""
        self._count += 1
        out, err = (self._folder / f"{self._count}.{name}" for name in ("out", "err"))
        answers = socket.socket(socket.AF_UNIX)
        answers.connect(str(self._folder / "socket"))
        given = [program, list(map(str, arguments)), dict(environment), str(out), str(err)]
        answers.sendall(json.dumps(given).encode() + b"\n")
        return Program(answers, out, err)


@contextmanager
def programs(folder: Path, environment: Mapping[str, str]) -> Iterator[Programs]:
    """Start a server with these variables, whose socket is in a folder, and end it afterwards."""
    command = [sys.executable, "-m", "support.program_forks", str(folder / "socket")]
    with (folder / "server").open("w") as said:
        # It ends when nothing can come from its input any more, also when the tests are killed.
        server = subprocess.Popen(
            command,
            cwd=ROOT / "tests",
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not (folder / "socket").exists():
            assert server.poll() is None, (folder / "server").read_text()
            assert time.monotonic() < deadline, "a server does not begin"
            time.sleep(0.02)
        yield Programs(folder)
    finally:
        server.kill()
        server.communicate()


def serve(path: str) -> None:
    """Fork for each that connects, until whoever has started this is gone."""
    import tensorflow as tf  # noqa: F401  # each fork finds it imported

    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.bound")
    listener.listen()
    Path(f"{path}.bound").rename(path)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        answers, _ = listener.accept()
        if not os.fork():
            listener.close()
            _answer(answers)
        answers.close()


def _answer(answers: socket.socket) -> NoReturn:
    """Be the parent of one program, which says its number and how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    program, arguments, environment, out, err = json.loads(answers.makefile().readline())
    child = os.fork()
    if child:
        answers.sendall(f"{child}\n".encode())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with suppress(OSError):  # nobody may be there to hear it
            answers.sendall(f"{status}\n".encode())
        os._exit(0)
    answers.close()
    for number, output in enumerate([os.devnull, out, err]):
        file = os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)
    _become(program, arguments, environment)


def _become(program: str, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    """Run a program as `python -c` does, whose exit status and traceback the interpreter makes."""
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *arguments]
    gc.set_threshold(10_000)
    exec(compile(program, "<string>", "exec", dont_inherit=True), {"__name__": "__main__"})  # noqa: S102  # our own
    sys.exit()


if __name__ == "__main__":
    serve(sys.argv[1])
