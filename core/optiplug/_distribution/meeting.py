"""Meetings of all workers before they read what is spread over them.

A collective that one worker begins alone waits for ever, and one that is given up breaks all that come
later. So workers first tell each other that they are there, and nothing has begun where one is missing.
"""

from __future__ import annotations

import time

from optiplug._tf_private import share_text, shared_text, withdraw_text
from optiplug._types import Variable
from optiplug.errors import ReplicaContextError

from .workers import Workers, heard, longest_wait, workers_of

__all__ = ["require_all_workers"]

# Seconds: all have ended the same step, so they come at almost the same time or not at all.
_LONGEST = 60.0
_GRACE = 5.0
_TOGETHER = "together"
_met = 0


def require_all_workers(variable: Variable, rule: str) -> None:
    """Wait until all workers are here to read what a variable has on their replicas.

    `rule` says in the error that they have to.

    Raises
    ------
    ReplicaContextError
        On each worker that is here, if another one does not come; they can go on as before.
    """
    workers = workers_of(getattr(variable, "distribute_strategy", None))
    if workers is None:
        return
    missing = _lead(workers) if workers.own == 0 else _follow(workers)
    if missing:
        raise ReplicaContextError(
            f"{rule}; this one waited {_limit():g} s",
            received=f"no call of {', '.join(missing)}",
            hint="let every worker save, all but the first into a folder that is then removed",
        )


def _limit() -> float:
    return min(_LONGEST, longest_wait())


def _lead(workers: Workers) -> list[str]:
    """Wait for all others, tell them what came out, and return the names of those that are missing."""
    global _met  # noqa: PLW0603  # one order of meetings for the process
    key, end = f"optiplug/meeting/{_met}", time.monotonic() + _limit()
    _met += 1
    missing = [name for place, name in workers.others.items() if heard(f"{key}/{place}", end) is None]
    share_text(f"{key}/result", "\n".join(missing) or _TOGETHER)
    return missing


def _follow(workers: Workers) -> list[str]:
    """Tell the first worker that this one is here, and return the names of those that are missing."""
    global _met  # noqa: PLW0603  # one order of meetings for the process
    end = time.monotonic() + _limit() + _GRACE
    while True:
        key = f"optiplug/meeting/{_met}"
        share_text(f"{key}/{workers.own}", "")
        result = heard(f"{key}/result", end)
        if result is None:
            withdraw_text(f"{key}/{workers.own}")
            # The first one may have seen it at the last moment.
            result = shared_text(f"{key}/result", 0.1)
        if result is None:
            return [workers.names[0]]
        _met += 1
        missing = [] if result == _TOGETHER else result.split("\n")
        # A meeting that was without this worker is over.
        if workers.names[workers.own] not in missing:
            return missing
