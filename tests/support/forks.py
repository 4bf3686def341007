"""Processes that begin at once: forks of one that has imported TensorFlow, and has run nothing."""

from __future__ import annotations

import atexit
import ctypes
import faulthandler
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

__all__ = ["Fork", "begin", "command", "server"]

# What `optiplug train` imports once TensorFlow is there.
PRELOADED = ("tensorflow", "optiplug.checkpoint", "optiplug_lab.launch", "optiplug_lab.run", "optiplug_adam")
_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of prctl
_PATIENCE = 120.0  # seconds in which TensorFlow is imported on a busy machine


def server() -> Any:
    """Return the context of multiprocessing whose processes are such forks."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with _stderr_muted():
        forkserver.ensure_running()
    return context


@contextmanager
def _stderr_muted() -> Iterator[None]:
    """Mute what TensorFlow says while it is imported, whatever its log level; each fork has its own."""
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


@dataclass(frozen=True)
class Fork:
    """A fork in a session of its own, so that a signal reaches what it has started, too."""

    process: BaseProcess
    out: Path
    err: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative if killed by that signal; None while it runs."""
        return self.process.exitcode

    @property
    def stdout(self) -> str:
        return self.out.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self.err.read_text(errors="replace")

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, at most so long, and say whether it has come."""
        self.process.join(seconds)
        return self.returncode is not None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it, and to all that it has started."""
        os.killpg(self.pid, number)


def begin(
    function: Callable[..., object],
    *arguments: Any,
    folder: Path,
    environment: Mapping[str, str],
    out: Path,
    err: Path,
) -> Fork:
    """Call a function in a process of its own, with these variables only, whose output two files take."""
    given = (function, arguments, str(folder), dict(environment), str(out), str(err))
    process = server().Process(target=_become, args=given)
    process.start()
    fork = Fork(process, out, err)
    deadline = time.monotonic() + _PATIENCE
    with suppress(ProcessLookupError):  # it has ended already
        while os.getpgid(fork.pid) != fork.pid:
            assert time.monotonic() < deadline, "a fork does not begin"
            time.sleep(0.001)
    return fork


def command(
    *arguments: object,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], object] | None = None,
) -> Fork:
    """Be the program `optiplug` with these arguments; what it says is in the files `out` and `err`.

    What is to be done `before` it is a function by name, or a partial of one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return begin(
        _optiplug,
        before,
        *map(str, arguments),
        folder=folder,
        environment=os.environ | dict(environment or {}),
        out=folder / "out",
        err=folder / "err",
    )


def _optiplug(before: Callable[[], object] | None, *arguments: str) -> None:
    from optiplug.cli import main

    if before is not None:
        before()
    sys.argv = ["optiplug", *arguments]
    main()


def _become(
    function: Callable[..., object],
    arguments: tuple[Any, ...],
    folder: str,
    environment: Mapping[str, str],
    *outputs: str,
) -> None:
    with _as_a_program(folder, environment, *outputs):
        function(*arguments)


@contextmanager
def _as_a_program(folder: str, environment: Mapping[str, str], *outputs: str) -> Iterator[None]:
    """Have what a program has that a shell has started: its output, its folder and its variables."""
    for number, output in enumerate([os.devnull, *outputs]):
        file = os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    faulthandler.enable()
    # `nohup` lets whatever starts the tests ignore them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # The server waits for all that hold this end, and with it would each of the forks for the others.
    os.close(forkserver._forkserver._forkserver_alive_fd)
    # Also when the tests themselves are killed: nothing would end this one.
    ctypes.CDLL(None).prctl(_DEATH_OF_PARENT, signal.SIGKILL)
    gc.freeze()  # what is shared with the server stays as it is
    gc.set_threshold(10_000)
    os.setsid()  # and whoever waits knows that all of this is done
    try:
        yield
    finally:
        # multiprocessing leaves them out.
        atexit._run_exitfuncs()
