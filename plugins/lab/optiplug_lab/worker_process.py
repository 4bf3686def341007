"""A process of this program that works for another one, and ends with it, however that ends."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Literal

from optiplug.errors import in_one_line

__all__ = ["PATIENCE", "RENEWED", "WorkerProcess", "end_with_parent", "gpu_of", "gpus", "is_worn", "threads"]

PATIENCE = 60.0
"""Seconds for the step under way and one save."""
RENEWED = 75
"""The exit code of a worker that ends so that a fresh one can go on."""

_LAST_LINES = 5
_PR_SET_PDEATHSIG = 1
_REGIONS = Path("/proc/self/maps")


class WorkerProcess:
    """A worker, with a log.

    Parameters
    ----------
    arguments
        Those of Python.
    log
        The file to which it adds what it says; what was there before is not its own.
    environment
        Variables beside those of this process, or in their place.
    stdout
        Where its standard output goes: into the log, to a pipe, or where that of this process goes.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        stdout: Literal["log", "pipe", "same"] = "log",
    ) -> None:
        self.log = log
        # Not through this process: what it says is kept if that is killed.
        with log.open("ab") as file:
            self.begin = file.tell()
            places: dict[str, int | IO[bytes] | None] = {"log": file, "pipe": subprocess.PIPE, "same": None}
            self.process = subprocess.Popen(  # noqa: S603  # this program
                [sys.executable, *arguments],
                env={**os.environ, **environment},
                # Ends with this process, however that ends.
                stdin=subprocess.PIPE,
                stdout=places[stdout],
                stderr=file,
                # Ctrl-C in a terminal is for this process, which hands it on.
                process_group=0,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to what it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def last_words(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_bytes()[self.begin :].decode(errors="replace").splitlines()[-_LAST_LINES:]
        return "".join(f"\n  {in_one_line(line)}" for line in lines)


def end_with_parent() -> None:
    """Let this worker save and end when who has started it is gone: its standard input ends then."""
    if sys.platform == "linux":
        # Also if it is stopped by then.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def is_worn(most: int) -> bool:
    """Whether this process maps more regions of memory than so many.

    XLA frees no program that it has compiled, and a process of Linux maps 65,530 regions.
    """
    gc.collect()
    return _REGIONS.exists() and _REGIONS.read_bytes().count(b"\n") > most


def threads(number: int) -> dict[str, str]:
    """Return what tells TensorFlow and NumPy how many threads to have."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    return dict.fromkeys(names, str(number))


def gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = Path("/proc/driver/nvidia/gpus")
    if told is None and found.is_dir():
        return [str(number) for number, _ in enumerate(found.iterdir())]
    return told.split(",") if told else []


def gpu_of(place: int) -> dict[str, str]:
    """Return what lets one of several workers see one GPU, and take no more of its memory than it needs."""
    names = gpus()
    shown = {"CUDA_VISIBLE_DEVICES": names[place % len(names)]} if names else {}
    return {**shown, "TF_FORCE_GPU_ALLOW_GROWTH": os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "true")}
