"""Two processes that save into one folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from optiplug.checkpoint import saved_steps
from optiplug.errors import OptiplugError

from .apart import Child, Ended, forked
from .subject import Subject, filling, restoring
from .tries import Try, judged

__all__ = ["killed_writers", "two_writers"]

RANGES = (range(1, 4), range(11, 14))


def two_writers(root: Path, count: int) -> list[Try]:
    """Let two processes save at once; the folder is of one of them, and the other is told of whom it is."""
    (digests,) = forked(filling, range(20)).yielded
    return [_both(root / f"pair-{number}", digests, asynchronous=number % 2 == 1) for number in range(count)]


def _both(folder: Path, digests: dict[int, str], asynchronous: bool) -> Try:
    folder.mkdir(parents=True)
    begin = folder.with_suffix(".begin")
    writer = partial(_writing, folder, begin, asynchronous)
    children = [Child(writer, steps) for steps in RANGES]
    for child in children:
        child.first()
    begin.touch()
    ended = [child.end() for child in children]
    errors = [each["error"] for one in ended for each in one.yielded if isinstance(each, dict)]
    written = [steps for steps, one in zip(RANGES, ended, strict=True) if steps[-1] in one.yielded]
    what = "two writers at once"
    if any(one.code for one in ended):
        return Try(what, "crashed", "\n".join(one.printed for one in ended))
    if errors != ["ClaimedError"] or len(written) != 1:
        return Try(what, "both wrote", f"errors {errors}, wrote {written}")
    found = forked(restoring, [folder]).yielded[0]
    result = judged(what, found, digests, steps=[written[0][-1]])
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if name not in {f"step-{step:08d}" for step in written[0]}]
    return Try(what, "one wrote, the other was refused", result.fault or ", ".join(others))


def killed_writers(root: Path, count: int) -> list[Try]:
    """Kill a process that holds a folder; the next one takes it over."""
    (digests,) = forked(filling, range(20)).yielded
    tries = []
    for number in range(count):
        folder, begin = root / f"killed-{number}", root / "begin"
        folder.mkdir(parents=True)
        begin.touch()
        writer = partial(_writing, folder, begin, number % 2 == 1)
        first: Ended = forked(writer, RANGES[0], kill_after=0.05 + 0.1 * number / count)
        second = forked(partial(writer, go_on=True), RANGES[1])
        found = forked(restoring, [folder]).yielded[0]
        result = judged("a writer after one that was killed", found, digests, steps=[RANGES[1][-1]])
        errors = [each for each in second.yielded if isinstance(each, dict)]
        tries.append(Try(result.what, result.outcome, result.fault or "".join(map(str, errors))))
        assert first.code <= 0
        assert second.code == 0, second.printed
    return tries


def _writing(
    folder: Path, begin: Path, asynchronous: bool, steps: range, *, go_on: bool = False
) -> Iterator[Any]:
    subject = Subject()
    yield -1
    while not begin.exists():
        time.sleep(0.001)
    try:
        with subject.checkpoints(folder, asynchronous=asynchronous) as checkpoints:
            if go_on and saved_steps(folder):
                checkpoints.restore()
            for step in steps:
                subject.fill(step)
                checkpoints.save(step, metadata={"note": f"after {step}"})
                time.sleep(0.1)
    except OptiplugError as error:
        yield {"error": type(error).__name__, "message": str(error)}
    else:
        yield steps[-1]
