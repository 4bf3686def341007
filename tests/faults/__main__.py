"""Make all tries of every kind, and write how many into docs/reliability.md: `make faults`.

``PYTHONPATH=tests python -m faults [--extent few|many|all] [--write] [KIND ...]``
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from .apart import directors
from .catalogue import EXTENTS, KINDS, tried
from .tries import Try, broken, counts

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- counts: `make faults` writes them -->", "<!-- end of counts -->"


def main() -> int:
    """Make the tries that the command line asks for, and say what came of them."""
    parser = argparse.ArgumentParser("python -m faults", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--extent", choices=EXTENTS, default="all")
    parser.add_argument("--write", action="store_true", help="put the counts into docs/reliability.md")
    arguments = parser.parse_args()
    made: dict[str, list[Try]] = {}
    with directors() as executor:
        for name in arguments.kinds or KINDS:
            started = time.monotonic()
            with tempfile.TemporaryDirectory() as root:
                made[name] = executor.submit(tried, name, arguments.extent, Path(root)).result()
            seconds = time.monotonic() - started
            print(f"{name}: {len(made[name])} in {seconds:.0f} s, {counts(made[name])}", flush=True)  # noqa: T201
            for line in broken(made[name]):
                print(f"  {line}", flush=True)  # noqa: T201
    if arguments.write:
        write(made)
    return int(any(broken(tries) for tries in made.values()))


def write(made: dict[str, list[Try]], page: Path = PAGE) -> None:
    """Put the counts between the marks of the page; kinds that were not tried now keep theirs."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    page.write_text("\n".join([f"{before}{BEGIN}", "", *table(made, old.splitlines()), "", f"{END}{after}"]))


def table(made: dict[str, list[Try]], old: Iterable[str] = ()) -> Iterator[str]:
    """Yield the lines of the table: each kind with its number of tries and what came of them."""
    yield from ("| what was done | tries | what came of them | promises broken |", "|---|---:|---|---:|")
    kept = {line.split("|")[1].strip(): line for line in old if line.startswith("| ")}
    for name, kind in KINDS.items():
        if name in made:
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in shown(made[name]))
            yield f"| {kind.about} | {len(made[name])} | {outcomes} | {len(broken(made[name]))} |"
        elif kind.about in kept:
            yield kept[kind.about]


def shown(tries: Iterable[Try]) -> Iterator[tuple[str, int]]:
    """Yield how often each outcome came about, those that restored together."""
    found: dict[str, int] = {}
    for outcome, count in counts(tries).items():
        name = "restored" if outcome.startswith("restored") else outcome
        found[name] = found.get(name, 0) + count
    yield from found.items()


if __name__ == "__main__":
    sys.exit(main())
