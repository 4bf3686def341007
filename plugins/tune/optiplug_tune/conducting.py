"""The trials of a study by several processes, watched, and what is said of them meanwhile and at the end."""

from __future__ import annotations

import json
from collections import Counter

import typer
from rich.console import Console
from rich.table import Table

from optiplug.errors import in_one_line
from optiplug_lab.words import say

from .folder import StudyFolder
from .progress import progress_of
from .records import StudyRecord, TrialRecord, record_of, trial_record
from .report import write_study
from .study import Study
from .workers import Workers

__all__ = ["conduct"]

_JUDGED = ("complete", "pruned", "diverged", "failed")
_ENDED = (*_JUDGED, "lost", "interrupted")


def conduct(
    study: Study, folder: StudyFolder, *, jobs: int, timeout: float | None, as_json: bool, quiet: bool
) -> None:
    """Have the trials of the study in a folder made, and write its report.

    Raises
    ------
    KeyboardInterrupt
        If a signal asked for the end; the study can be gone on with.
    OptiplugError
        If no trial came to its end, or the processes cannot work.
    """
    plan, seconds = study.plan, "inf" if timeout is None else str(timeout)
    arguments = [str(folder.path), str(plan.trials), plan.sampler_name, plan.pruner_name, seconds]
    watch = _Watch(study, as_json=as_json, quiet=quiet)
    try:
        with watch.progress, Workers(arguments, jobs, watch.progress.say) as workers:
            workers.work(watch.look)
    except KeyboardInterrupt:
        study.take_back()
        say(f"`{folder.way_on}` goes on.")
        raise
    finally:
        study.close()
        record = record_of(study, folder)
        write_study(record, folder)
    best = trial_record(study.required_best())
    if not quiet:
        _tell_left(record)
        if not as_json:
            _show(record, best, str(folder.path))


class _Watch:
    """Tells of trials as they end, whichever process has made them."""

    def __init__(self, study: Study, *, as_json: bool, quiet: bool) -> None:
        self._study, self._as_json = study, as_json
        self._told = {each.number for each in map(trial_record, study.trials) if each.state in _ENDED}
        self.progress = progress_of(study, quiet=quiet)

    def look(self) -> bool:
        """Tell of the trials that have ended since, and return whether any was judged."""
        records = map(trial_record, self._study.trials)
        ended = [each for each in records if each.state in _ENDED and each.number not in self._told]
        for record in ended:
            self._told.add(record.number)
            self.progress.ended(record, self._study.best)
            if self._as_json:
                typer.echo(json.dumps({"event": "trial", **record.model_dump(mode="json")}, allow_nan=False))
        return any(each.state in _JUDGED for each in ended)


def _tell_left(record: StudyRecord) -> None:
    """Say what has not ended, as of other machines, or since time was over."""
    counts = Counter(each.state for each in record.trials)
    left = [f"{counts[state]} {state}" for state in ("running", "waiting") if counts[state]]
    if left:
        say(f"Trials that have not ended: {', '.join(left)}. `{record.command}` goes on.")


def _show(record: StudyRecord, best: TrialRecord, path: str) -> None:
    """Print the closing table."""
    counts = Counter(each.state for each in record.trials)
    table = Table(title=f"{len(record.trials)} trials", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    name = record.judging.figure.replace("_", " ")
    table.add_row(f"best {name}", f"{best.value:.6g}, trial {best.number}")
    for field, value in best.values.items():
        table.add_row(
            in_one_line(field), f"{value:.6g}" if isinstance(value, float) else in_one_line(str(value))
        )
    table.add_row("trials", ", ".join(f"{count} {state}" for state, count in counts.items()))
    table.add_row("study", in_one_line(path))
    Console(markup=False, highlight=False).print(table)
