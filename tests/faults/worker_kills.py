"""Runs of `optiplug train` by two workers, one of which is killed again and again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from support.train_processes import LOST, Training, newest
from support.train_processes import config as two_workers

from .apart import forked
from .runs import contents, difference
from .tries import Try

__all__ = ["killed_workers"]

WORKERS = ("--local-workers", 2, "--quiet")
STEPS = 75  # for each kill: a run that ends before it is killed is begun anew


def killed_workers(root: Path, count: int) -> list[Try]:
    """Kill the chief and the other worker in turn so many times, each time at a random step of the run.

    A runner goes on with the run after each. At last it is left alone, and compared with one that always was.
    """
    path = two_workers(root, steps=STEPS * count)
    _ended(path, "--run-dir", root / "whole", *WORKERS)
    (expected,) = forked(contents, root / "whole").yielded
    chance, run = random.Random(0), root / "run"  # noqa: S311  # moments, not secrets
    tries = []
    while (killed := sum(each.outcome.startswith("killed") for each in tries)) < count:
        who = killed % 2
        tries.append(_killed(path, run, who, chance.randint(1, 4), chance.uniform(0.0, 0.2)))
    code, said = _ended("--resume", run, *WORKERS)
    fault = f"exit code {code}: {said}" if code else difference(expected, run)
    return [*tries, Try("left alone at last", "ended", fault)]


def _ended(*arguments: object) -> tuple[int, str]:
    with Training(*arguments) as training:
        code, _, said = training.end(600.0)
        training.gone()
        return code, said


def _killed(path: Path, run: Path, who: int, checkpoints: int, seconds: float) -> Try:
    """Kill a worker some time after so many checkpoints were written."""
    begun = (run / "config.yaml").exists()
    place = ("--resume", run) if begun else (path, "--run-dir", run)
    with Training(*place, *WORKERS) as training:
        first = newest(run)
        workers = training.steps(run, first + checkpoints * 2)
        time.sleep(seconds)
        if training.process.poll() is None:
            os.kill(workers[who], signal.SIGKILL)
        at = newest(run)
        try:
            code, _, said = training.end(LOST)
        except subprocess.TimeoutExpired as error:
            return Try(f"worker {who}", "hangs", str(error))
        training.gone()
    if code == 0:
        shutil.rmtree(run)
        return Try(f"worker {who}", "ended before")
    told = f"worker {who} was ended by SIGKILL" in said and "goes on from the last saved step" in said
    what = f"worker {who} killed after step {at}"
    return Try(what, f"killed {'the chief' if who == 0 else 'the other'}", "" if told and code == 1 else said)
