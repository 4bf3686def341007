"""A process that takes one run of a comparison after the other, as long as there is one that nobody has.

It tells the process that has started it how it goes: an object of JSON in each line of standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optiplug.errors import ClaimedError
from optiplug_lab.interruption import Interruption
from optiplug_lab.launch import prepare_tensorflow
from optiplug_lab.worker_process import RENEWED, end_with_parent, is_worn

from .outcome import Outcome
from .plan import Plan, PlannedRun

__all__ = ["work"]

# In seconds, and so many times until it is told.
_LOOK_AGAIN, _LONG = 1.0, 60
_MOST_REGIONS = 10_000  # after some 60 runs of a small model
_TELL_EVERY = 0.2

Tell = Callable[..., None]


def work(folder: Path, tell: Tell) -> int:
    """Take runs of the comparison in a folder until all have ended; return the exit code."""
    plan = Plan.read(folder)
    prepare_tensorflow(0)
    from .trained import trained

    waits = 0
    while left := _left(plan, folder):
        taken, claims = False, dict[str, str]()
        for planned in left:
            if Outcome.read(folder / planned.folder) is not None:
                continue
            try:
                outcome = trained(planned, folder, plan.figure.name, _Course(planned, tell).told)
            except ClaimedError as error:
                claims[planned.folder] = str(error)
                continue
            taken = True
            if outcome is not None:
                tell("ended", run=planned.folder, ended=outcome.ended, problem=outcome.problem)
            if is_worn(_MOST_REGIONS):
                return RENEWED
        waits = 0 if taken else waits + 1
        if waits:
            # Others have what is left, and one of them may end before it is done.
            tell("waits")
            time.sleep(_LOOK_AGAIN)
        if waits == _LONG:
            for run, problem in claims.items():
                tell("claimed", run=run, problem=problem)
    return 0


class _Course:
    """Tells how a run goes, not too often."""

    def __init__(self, planned: PlannedRun, tell: Tell) -> None:
        self._planned, self._tell, self._next = planned, tell, 0.0

    def told(self, step: int) -> None:
        """Hear of a step."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _TELL_EVERY
            self._tell("step", run=self._planned.folder, step=step)


def _left(plan: Plan, folder: Path) -> list[PlannedRun]:
    return [each for each in plan.runs if Outcome.read(folder / each.folder) is None]


def _main(folder: str) -> int:
    # What tasks and libraries print is for the log.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    end_with_parent()

    def tell(event: str, **more: Any) -> None:
        # Where nobody hears it any more, this process is about to be ended.
        with contextlib.suppress(OSError):
            print(json.dumps({"event": event, **more}), file=told, flush=True)

    try:
        with Interruption(at_once=True):
            return work(Path(folder), tell)
    except KeyboardInterrupt as error:
        return 128 + (error.args[0] if error.args else signal.SIGINT)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
