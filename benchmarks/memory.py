"""Memory that a step needs for itself, beyond variables, state and gradients."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import resource
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from .contestants import CONTESTANTS, OURS, able
from .part import Case, Options, Part, Row
from .setups import SETUPS
from .shapes import Shapes, nbytes

__all__ = ["PART"]

STEPS = 5
SMALLEST = 2**20  # below, the pages that any call touches outweigh the variables
QUICK = (OURS, "optax")


def measured(*case: Any) -> list[Row]:
    """Return the row of one contestant, which has a process to itself."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        return alone.submit(_measured, *case).result()


def _measured(label: str, name: str, shapes: Shapes, setup: str) -> list[Row]:
    # With oneDNN, TensorFlow never returns what it once allocated, so no peak would show.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    contestant = CONTESTANTS[label](shapes, SETUPS[setup], False)
    contestant.step()
    live = forgotten()
    for _ in range(STEPS):
        contestant.step()
    above = peak() - live
    return [(setup, name, label, f"{above / 2**20:.1f} MiB", f"{above / nbytes(shapes):.1%}")]


def forgotten() -> int:
    """Give back what is free, let the peak start anew, and return it: the bytes that are live.

    Where the peak cannot start anew, the step shows only as far as it exceeds the first one.
    """
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Return the peak of the resident memory of this process, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return 1024 * int(lines["VmHWM"].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def cases(options: Options) -> Iterable[Case]:
    """Return a case for each contestant, each setup and each list of shapes that is large enough."""
    labels = QUICK if options.quick else tuple(CONTESTANTS)
    for setup, (name, shapes), label in product(options.setups, options.shapes.items(), labels):
        fits = SETUPS[setup].divides(shapes) and label in able(CONTESTANTS, SETUPS[setup])
        if fits and nbytes(shapes) > SMALLEST:
            yield partial(measured, label, name, shapes, setup)


PART = Part(
    "Peak of the resident memory during steps with given gradients, above what is resident between "
    "them, also in percent of the bytes of the variables. Each contestant is alone in its process, and "
    "TensorFlow's oneDNN is off, because it hides the peak by never returning memory.",
    ("setup", "variables", "contestant", "peak above live", "of the variables"),
    cases,
)
