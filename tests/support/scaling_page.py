"""Count what steps send between processes, and write it into docs/scaling.md beside what is calculated.

``make traffic`` runs this.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from support.project_paths import ROOT
from support.scaled_runs import RUNS, Count, Run

__all__ = ["BEGIN", "END", "PAGE", "lines", "write"]

PAGE = ROOT / "docs" / "scaling.md"
BEGIN, END = "<!-- measured: `make traffic` writes it -->", "<!-- end of measured -->"
HEAD = ("strategy", "replicas", "optimizer", "model", "calculated", "measured", "ratio")


def lines() -> Iterator[str]:
    """Yield the lines of the table."""
    for row in (HEAD, ("---", "---:", "---", "---", "---:", "---:", "---:")):
        yield f"| {' | '.join(row)} |"
    for run in RUNS.values():
        with tempfile.TemporaryDirectory() as folder:
            for count in run.counts(Path(folder)):
                yield line_of(run, count)


def line_of(run: Run, count: Count) -> str:
    """Return the line of one config and model."""
    ratio = f"{count.measured / count.calculated:.3f}" if count.calculated else "-"
    figures = (f"{count.calculated:,.0f}", f"{count.measured:,.0f}", ratio)
    return f"| {' | '.join([run.strategy, str(run.numbers['replicas']), *count.case, *figures])} |"


def write(page: Path = PAGE) -> None:
    """Count everything, and put it between the marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text("\n".join([f"{before}{BEGIN}", "", *lines(), "", f"{END}{after}"]))


if __name__ == "__main__":
    write()
