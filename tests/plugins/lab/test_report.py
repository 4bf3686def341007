from __future__ import annotations

import errno
import io
import json
import re
import sys

import pytest
from rich.console import Console

from optiplug_lab.folder import RunFolder
from optiplug_lab.report import Bar, Lines, Report
from optiplug_lab.summary import Summary

FIGURES = {
    "loss": 0.3123,
    "learning_rate": 0.1,
    "learning_rate/matrices": 0.02,
    "learning_rate/matrices/fallback": 1e-3,
    "gradient_norm": 2.345,
    "test_bits_per_character": 2.3456,
}
TEXT = (
    "loss 0.31  rate 0.1  rate/matrices 0.02  rate/matrices/fallback 0.001  norm 2.3  "
    "test bits per character 2.35"
)
SUMMARY = Summary(
    steps=40,
    final={"accuracy": 0.75},
    trained={"accuracy": 0.5},
    last={"loss": float("nan")},
    seconds=2.0,
    steps_per_second=None,
    devices=["CPU:0", "CPU:1"],
    task="digits",
    optimizer="sgd",
    seed=0,
)


def told(capsys, tmp_path, **options):
    """What a report says on stdout and stderr of a run of 40 steps."""
    with Report(RunFolder(tmp_path / "a-run"), 40, stdout=sys.stdout, **options) as report:
        report.start(0, ["CPU:0"])
        report.update(20, {"loss": float("inf"), "rate": 0.5})
        report.update(40, {"loss": 0.5})
        report.end(SUMMARY)
    return capsys.readouterr()


def test_json_is_an_object_in_each_line(capsys, tmp_path):
    text = told(capsys, tmp_path, as_json=True).out
    lines = [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
    run = str(tmp_path / "a-run")

    assert lines[:3] == [
        {"event": "started", "step": 0, "devices": ["CPU:0"], "steps": 40, "run": run},
        {"event": "progress", "step": 20, "loss": None, "rate": 0.5, "run": run},
        {"event": "progress", "step": 40, "loss": 0.5, "run": run},
    ]
    assert lines[3] == {"event": "ended", **SUMMARY.as_json(), "run": run}
    assert lines[3]["last"] == {"loss": None}


def test_people_get_lines_and_a_table(capsys, tmp_path):
    text = told(capsys, tmp_path)

    assert re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d a-run .*\n){3}", text.err)
    assert "loss 0.5" in text.err.splitlines()[-1]
    assert re.search(r"held-out accuracy +│ 0\.7500  \(before finalising: 0\.5000\)", text.out)
    assert "CPU:0, CPU:1" in text.out
    assert "speed" not in text.out


@pytest.mark.parametrize("as_json", [False, True])
def test_quiet_shows_neither_progress_nor_summary(capsys, tmp_path, as_json):
    text = told(capsys, tmp_path, quiet=True, as_json=as_json)

    assert text.err == ""
    assert len(text.out.splitlines()) == (4 if as_json else 0)


def test_interrupted_tells_how_to_go_on(capsys, tmp_path):
    with Report(RunFolder(tmp_path), 40, stdout=sys.stdout, as_json=True, quiet=True) as report:
        report.interrupt(7)
    text = capsys.readouterr()

    assert json.loads(text.out) == {"event": "interrupted", "step": 7, "run": str(tmp_path)}
    assert f"Saved after 7 steps. `optiplug train --resume {tmp_path}` goes on." in text.err


class Full(io.StringIO):
    """Standard output on a full disk."""

    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_stdout_that_fails_does_not_end_a_run(tmp_path):
    report = Report(RunFolder(tmp_path), 40, stdout=Full(), as_json=True, quiet=True)
    report.update(20, {"loss": 0.5})
    report.interrupt(20)
    report.end(SUMMARY)

    with pytest.raises(OSError, match="No space left on device"), report:
        pass
    # Another error says more.
    with pytest.raises(KeyError), report:
        raise KeyError


def test_lines_come_every_ten_seconds_and_at_the_end(capsys):
    clock = iter([0, 4, 9.9, 10, 12, 20, 21])
    lines = Lines("run", 60, clock=lambda: next(clock))
    lines.start(0)
    for step in (10, 20, 30, 40, 50, 60):
        lines.update(step, {"loss": 0.5})
    said = [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()]

    assert said == [
        "run loading",
        "run 0/60 compiling",
        "run 30/60  loss 0.5  3 steps/s",
        "run 50/60  loss 0.5  2 steps/s",
        "run 60/60  loss 0.5  10 steps/s",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_bar_loses_nothing_at_any_width(monkeypatch, width):
    text = io.StringIO()
    monkeypatch.setattr(
        "optiplug_lab.report.Console",
        lambda **_: Console(file=text, width=width, force_terminal=True, color_system=None),
    )
    name = "digits-partition-with-a-long-name-20261126-101112"
    bar = Bar(name, 600)
    bar.start(0)
    bar.update(300, FIGURES)
    bar.stop()
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.getvalue()).rpartition("loss")
    shown = "".join((last[1] + last[2]).split())

    assert shown.startswith("".join(TEXT.split()))
    assert "300/600" in text.getvalue()
    assert "…" not in text.getvalue()
    assert max(map(len, re.split(r"[\r\n]+", last[1] + last[2]))) <= width


STEERING = "\x1b[2J\u202e[red]"


def test_names_cannot_control_a_terminal(capsys, tmp_path):
    with Report(RunFolder(tmp_path / STEERING), 60, stdout=sys.stdout) as report:
        report.start(0, ["CPU:0"])
        report.update(60, {f"loss{STEERING}": 1.0})
        report.end(SUMMARY)
        report.interrupt(60)
    told = capsys.readouterr()

    assert (told.out + told.err).replace("\n", "").isprintable()
    assert all(r"\x1b[2J\u202e[red]" in text for text in (told.out.replace("\n", ""), told.err))
