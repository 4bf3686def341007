"""Write docs/numerics.md: how far each plugin is from its oracle and its peers.

``make numerics`` runs this; tests/numerics demands that the page has all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tensorflow as tf

import optiplug
from references import schedules
from support.oracle_runs import cases, from_oracle, from_peer, kind_of, peers
from support.project_paths import ROOT
from support.schedule_examples import EXAMPLES, steps_around

PAGE = ROOT / "docs" / "numerics.md"
INTRODUCTION = """\
# Numerics

Each algorithm is written twice: as the plugin, and in NumPy in double precision from its paper, as an
*oracle* that knows nothing of TensorFlow. Both take 50 steps on the same random gradients, whose size
changes much from step to step, with variables of several shapes, in every form that the algorithm has.
Where an installed package has the same algorithm, it takes the same steps. The figures are the largest
difference at any step of any form, relative to the largest element of the variable, or to 1.

Tests demand at most 1e-12 of an oracle in double precision (float64) and 1e-6 of a peer in single precision
(float32). This page is written by `make numerics` and not by hand; the last time with {versions}.
"""
PACKAGES = ("tensorflow", "tf_keras", "optax", "numpy")


def write(path: Path = PAGE) -> None:
    """Measure everything, and write the page."""
    path.write_text("\n".join(lines()) + "\n")


def lines() -> Iterator[str]:
    """Yield the lines of the page."""
    yield INTRODUCTION.format(versions=", ".join(f"{name} {version(name)}" for name in PACKAGES))
    for kind in ("optimizers", "processors"):
        yield from (f"## {kind.capitalize()}", "")
        yield from table(
            (kind.removesuffix("s"), "forms", "from its oracle (float64)", "from peers (float32)"), rows(kind)
        )
    yield from ("## Schedules", "", "At every step up to the end of each schedule, and past it.", "")
    yield from table(("schedule", "forms", "from its oracle (float64)", "(float32)"), schedule_rows())


def table(header: tuple[str, ...], cells: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table."""
    for row in (header, ("---",) * len(header), *cells):
        yield f"| {' | '.join(row)} |"
    yield ""


def rows(kind: str) -> Iterator[tuple[str, ...]]:
    """Yield what is known of each plugin of a kind, by name."""
    own, other = defaultdict(list), defaultdict(list)
    for case in (each for each in cases() if kind_of(each.use) == kind):
        own[case.use].append(from_oracle(case, "float64"))
    for peer in (each for each in peers() if kind_of(each.use) == kind):
        other[peer.use, peer.package].append(from_peer(peer, "float32"))
    for name in sorted(own):
        found = [f"{package} {max(each):.1e}" for (use, package), each in other.items() if use == name]
        yield f"`{name}`", str(len(own[name])), f"{max(own[name]):.1e}", ", ".join(found)


def schedule_rows() -> Iterator[tuple[str, ...]]:
    """Yield what is known of each schedule, by name."""
    for name, forms in sorted(EXAMPLES.items()):
        found = [
            f"{max(schedule_deviation(name, form, dtype) for form in forms):.1e}"
            for dtype in (tf.float64, tf.float32)
        ]
        yield f"`{name}`", str(len(forms)), *found


def schedule_deviation(name: str, form: dict[str, object], dtype: tf.DType) -> float:
    """Return the largest deviation of a schedule from its oracle, relative to its largest value."""
    steps = steps_around(form)
    schedule = optiplug.create(name, **form)
    theirs = np.array([schedules.evaluate({"use": name, **form}, step) for step in steps])
    ours = np.array([float(schedule(step, dtype)) for step in steps])
    return float(np.max(np.abs(ours - theirs)) / (np.max(np.abs(theirs)) or 1))


if __name__ == "__main__":
    write()
