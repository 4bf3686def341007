"""The report of a study: one HTML file, which needs no other, and its pictures as files."""

from __future__ import annotations

import re
from collections import Counter

from optiplug.checkpoint.files import replace_file
from optiplug_compare.canvas import Picture
from optiplug_compare.phrasing import NOTHING, counted, listed, number
from optiplug_compare.report import Section, Table, environment

from .folder import StudyFolder
from .importance import FEWEST
from .pictures import figure_name, pictures
from .records import StudyRecord, TrialRecord

__all__ = ["write_study"]

_MOST_ROWS = 200
_LONGEST_NAME = 100


def write_study(record: StudyRecord, folder: StudyFolder) -> None:
    """Write results.json, the page and its pictures into the folder of a study.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    page = environment("optiplug_tune").get_template("study.html")
    sections = [*map(_pictured, pictures(record)), *_importance_untold(record), _trials(record)]
    text = page.render(
        record=record,
        title=record.title,
        made=record.made,
        made_with=record.versions,
        question=_question(record),
        answer=_answer(record),
        sections=sections,
    )
    folder.write_results(record.model_dump_json(indent=1))
    for section in sections:
        if isinstance(section.picture, Picture):
            replace_file(folder.path / f"{_file_name(section.picture.name)}.png", section.picture.png)
    replace_file(folder.page, text)


def _file_name(name: str) -> str:
    # Of a range the name is a path, with brackets where lists are.
    return re.sub(r"[^\w.-]+", "-", name).strip("-")[:_LONGEST_NAME]


def _question(record: StudyRecord) -> str:
    judging, seeds = record.judging, counted(record.judging.seeds, "seed")
    if not judging.steps:
        return f"Which values in these ranges are best by {judging.figure}?"
    task = "the task of the config" if judging.task is None else str(judging.task["use"])
    better = "higher" if judging.higher_is_better else "lower"
    return (
        f"Which values in these ranges are best for {task}? Each trial takes {judging.steps:,} steps of "
        f"{counted(judging.batch_size, 'example')} and is judged by {figure_name(record)} at the end, over "
        f"{seeds}; {better} is better."
    )


def _answer(record: StudyRecord) -> str:
    counts = Counter(trial.state for trial in record.trials)
    told = listed([f"{count} {state}" for state, count in counts.items()])
    if record.best is None:
        return f"No trial came to its end: {told or 'there is none'}."
    best = record.trials[record.best]
    return f"Trial {best.number} with {figure_name(record)} {number(best.value)}. Of the trials: {told}."


def _pictured(picture: Picture) -> Section:
    return Section(picture.title, picture=picture)


def _importance_untold(record: StudyRecord) -> list[Section]:
    if record.importance is not None:
        return []
    complete = sum(trial.state == "complete" for trial in record.trials)
    text = (
        f"It is not told: {counted(complete, 'trial')} came to an end, and it needs {FEWEST} or more "
        "that have not all the same value. What fewer show is chance."
    )
    return [Section("Which ranges decide", text=(text,))]


def _trials(record: StudyRecord) -> Section:
    names = list(dict.fromkeys(name for trial in record.trials for name in trial.values))
    shown = record.trials
    note = ""
    if len(shown) > _MOST_ROWS:
        sign = -1 if record.judging.higher_is_better else 1
        judged = sorted(
            (each for each in shown if each.value is not None), key=lambda each: sign * (each.value or 0)
        )
        shown = tuple(judged[:_MOST_ROWS])
        note = f"The best {len(shown)}; results.json has all {len(record.trials):,}."
    head = ("trial", "state", figure_name(record), *names, "seconds", "note")
    return Section("Trials", table=Table(head, [_row(each, names) for each in shown], note))


def _row(trial: TrialRecord, names: list[str]) -> list[str]:
    again = "" if trial.again is None else f"trial {trial.again} again"
    values = [trial.values.get(name, NOTHING) for name in names]
    return [
        str(trial.number),
        trial.state,
        number(trial.value),
        *(number(each) if isinstance(each, float) else str(each) for each in values),
        NOTHING if trial.seconds is None else f"{trial.seconds:.1f}",
        ": ".join(filter(None, [again, trial.problem])),
    ]
