"""What the workers of a cluster must agree on.

Each computes the same step. Nothing in TensorFlow compares what they compute: workers that differ would
train different models, and one that waits for another would wait for ever.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping
from typing import TypeAlias

import tensorflow as tf

from optiplug._tf_private import share_text
from optiplug.errors import DifferentWorkersError, LostWorkerError, WorkerError

from .lost_workers import lost
from .workers import VARIABLE, Workers, heard, longest_wait

__all__ = ["agree", "last_disagreement"]

_GRACE = 10.0  # seconds that the first worker may need to tell what came out

Difference: TypeAlias = tuple[str, str, str, str]

_numbers = itertools.count()
_last: WorkerError | None = None


def last_disagreement() -> WorkerError | None:
    """Return the last error of `agree`: what passes through a graph loses its class."""
    return _last


def agree(workers: Workers, topic: str, said: Mapping[str, str], *, rule: str, hint: str) -> None:
    """Wait until all workers are at the same topic, and compare what each says there with the first one.

    Raises
    ------
    DifferentWorkersError
        On every worker, if one says something else: `rule` and `hint` are those of its message.
    LostWorkerError
        If one does not come within `longest_wait`.
    """
    # Without a collective, which would hang where workers differ. All agree in the same order, so the number
    # tells which of them meet.
    key = f"optiplug/{next(_numbers)}"
    try:
        differences, missing = (_lead if workers.own == 0 else _follow)(workers, key, {"at": topic, **said})
    except tf.errors.OpError as error:
        raise _remembered(lost(error, workers)) from error
    if differences:
        raise _remembered(DifferentWorkersError(rule, where=topic, differences=differences, hint=hint))
    if missing:
        raise _remembered(
            LostWorkerError(
                f"did not come here within {longest_wait():g} s",
                where=f"{topic}: {', '.join(missing)}",
                workers=missing,
                hint="see its log: it has failed, hangs, or does not do what this worker does; "
                f"{VARIABLE} sets how long to wait",
            )
        )


def _remembered(error: WorkerError) -> WorkerError:
    global _last  # noqa: PLW0603  # see `last_disagreement`
    _last = error
    return error


def _lead(workers: Workers, key: str, said: Mapping[str, str]) -> tuple[list[Difference], list[str]]:
    """Say what the first worker has, hear in what others differ, and tell all of it."""
    share_text(f"{key}/first", json.dumps(said))
    end = time.monotonic() + longest_wait()
    answers = {name: heard(f"{key}/{position}", end) for position, name in workers.others.items()}
    missing = [name for name, answer in answers.items() if answer is None]
    differences = [
        (name, *difference) for name, answer in answers.items() for difference in json.loads(answer or "[]")
    ]
    share_text(f"{key}/result", json.dumps([differences, missing]))
    if differences or missing:
        # The service ends with this process, and all are to hear why.
        end = time.monotonic() + _GRACE
        for position, name in workers.others.items():
            if name not in missing:
                heard(f"{key}/{position}/heard", end)
    return differences, missing


def _follow(workers: Workers, key: str, said: Mapping[str, str]) -> tuple[list[Difference], list[str]]:
    """Say in what this worker differs from the first, and hear what all have said."""
    end = time.monotonic() + longest_wait()
    told = heard(f"{key}/first", end)
    if told is None:
        return [], [workers.names[0]]
    share_text(f"{key}/{workers.own}", json.dumps(_differences(said, json.loads(told))))
    result = heard(f"{key}/result", time.monotonic() + longest_wait() + _GRACE)
    if result is None:
        return [], [workers.names[0]]
    differences, missing = json.loads(result)
    if differences or missing:
        share_text(f"{key}/{workers.own}/heard", "")
    return [tuple(each) for each in differences], missing


def _differences(said: Mapping[str, str], first: Mapping[str, str]) -> list[tuple[str, str, str]]:
    names = dict.fromkeys([*first, *said])
    pairs = ((name, said.get(name, "absent"), first.get(name, "absent")) for name in names)
    return [(name, own, other) for name, own, other in pairs if own != other]
