"""What a run shows on a terminal of 80 and of 120 columns, as files to look at.

``OPTIPLUG_GOLDEN=write python -m pytest`` writes them anew.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from optiplug_lab import report
from optiplug_lab.folder import RunFolder
from optiplug_lab.summary import Summary

GOLDEN = Path(__file__).with_name("golden")
FIGURES = {
    "loss": 0.3123,
    "learning_rate/convolutions": 0.0521,
    "learning_rate/matrices": 0.02,
    "learning_rate/matrices/fallback": 1e-3,
    "gradient_norm": 2.345,
    "test_accuracy": 0.9711,
}
SUMMARY = Summary(
    steps=600,
    final={"accuracy": 0.9822, "bits_per_character": 2.3456},
    trained={"accuracy": 0.9711, "bits_per_character": 2.3456},
    last=FIGURES,
    seconds=12.345,
    steps_per_second=48.6,
    devices=["CPU:0", "CPU:1"],
    task="digits",
    optimizer="partition",
    seed=0,
)


def shown(monkeypatch, width):
    """The bar as it stands at the end, and the table below it."""
    terminal, text = io.StringIO(), io.StringIO()
    monkeypatch.setattr(
        report,
        "Console",
        lambda file=terminal, **_: Console(file=file, width=width, force_terminal=True, color_system=None),
    )
    folder = RunFolder(Path("runs/digits-partition-20261126-101112"))
    bar = report.Bar(folder.path.name, 600)
    bar.start(0)
    bar.update(600, FIGURES)
    bar.stop()
    report.show_summary(SUMMARY, folder, report.Console(file=text))
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", terminal.getvalue())
    frame = plain[plain.rindex(folder.path.name) :]
    lines = [*frame.splitlines(), *text.getvalue().splitlines()]
    return "".join(f"{line.rstrip()}\n" for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_a_run_on_a_terminal(monkeypatch, width):
    text, golden = shown(monkeypatch, width), GOLDEN / f"train-{width}.txt"
    if os.environ.get("OPTIPLUG_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)

    assert text == golden.read_text()
    assert max(map(len, text.splitlines())) <= width
