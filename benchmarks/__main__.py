"""Run the suite, or parts of it: `python -m benchmarks step eager --quick`.

A full run takes more than an hour and ten gigabytes. Contestants take their steps in turns, so
ratios hold on a machine that is not quite idle; seconds do not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before a part imports TensorFlow

from rich.console import Console
from rich.progress import track

from . import bandwidth, eager, memory, model, results, scaling, step
from .contestants import GRADIENTS
from .part import Options
from .setups import SETUPS
from .shapes import QUICK, SHAPES

PARTS = {
    "step": step.PART,
    "eager": eager.PART,
    "memory": memory.PART,
    "model": model.PART,
    "scaling": scaling.PART,
    "bandwidth": bandwidth.PART,
}
ROUNDS = 30
QUICK_ROUNDS = 3


def main() -> None:
    """Measure what the command line asks for, and print or write the tables."""
    arguments = parser().parse_args()
    options = chosen(arguments)
    console = Console()
    for name in arguments.parts or PARTS:
        part = PARTS[name]
        rows = []
        # TensorFlow keeps every program that it compiled, so cases get a process each; those of a
        # quick run are so small that starting processes would take longer than they do.
        with ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), max_tasks_per_child=None if options.quick else 1
        ) as pool:
            for case in track(list(part.cases(options)), name, console=console, transient=True):
                rows += pool.submit(case).result()
        console.print(results.shown(name, part, rows))
        if arguments.write:
            command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
            results.written(name, results.markdown(name, part, rows, command), list(PARTS))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="a minute, to see that everything works")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/RESULTS.md")
    parser.add_argument("--rounds", type=int, help=f"steps of each contestant, default: {ROUNDS}")
    for name, choices in {"shapes": SHAPES, "setup": SETUPS, "gradients": GRADIENTS}.items():
        parser.add_argument(f"--{name}", choices=choices, action="append", help="default: all")
    return parser


def chosen(arguments: argparse.Namespace) -> Options:
    """Return the options, complete."""
    shapes = {name: SHAPES[name] for name in arguments.shapes or SHAPES}
    if arguments.quick and not arguments.shapes:
        shapes = QUICK
    gradients = arguments.gradients or (["computed"] if arguments.quick else list(GRADIENTS))
    return Options(
        rounds=arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS),
        shapes=shapes,
        setups=tuple(arguments.setup or SETUPS),
        gradients=tuple(gradients),
        quick=arguments.quick,
    )


if __name__ == "__main__":
    main()
