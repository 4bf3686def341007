"""`optiplug compare` in several processes, watched from outside, and none of them left behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.train_processes import Training, newest, until

__all__ = ["Comparing", "arguments", "results", "saved", "without_times"]

TIMES = {"seconds", "ms_per_step", "made"}


class Comparing(Training):
    """The command with these arguments, and its workers."""

    command = "compare"

    def seen(self, count: int) -> list[int]:
        """Wait until there are so many workers, and return them."""

        def there() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            self.known |= {*self.children()}
            return len(self.children()) >= count

        until(there, f"worker {count}")
        return self.children()


def arguments(folder: Path, *more: object, steps: int = 6, seeds: int = 2) -> Sequence[object]:
    """Return those of a comparison of two optimizers on a small task."""
    (folder.parent / "text.txt").write_text("the quick brown fox jumps over the lazy dog. " * 20)
    task = [f"task.text={folder.parent / 'text.txt'}", "task.context=4", "task.hidden=8", "batch_size=16"]
    settings = [f"--set={each}" for each in (*task, "optimizer.jit_compile=false")]
    judged = ["--figure", "bits_per_character", "--lower-is-better", "--learning-rates", "none"]
    plan = ["--task", "chars", "--steps", steps, "--seeds", seeds, "--dir", folder]
    return ["--optimizers", "sgd,adamw", *plan, *judged, *settings, *more]


def results(folder: Path) -> dict[str, Any]:
    """Return the content of results.json."""
    return json.loads((folder / "results.json").read_text())


def without_times(value: Any) -> Any:
    """Return plain values without those that tell how long something took, or when."""
    if isinstance(value, dict):
        return {name: without_times(each) for name, each in value.items() if name not in TIMES}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def saved(folder: Path, run: str) -> int:
    """Return the last step that a run of a comparison has saved; -1 if there is none."""
    return newest(folder / "runs" / run)
