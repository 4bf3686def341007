"""Run the suite, or parts of it: `python -m benchmarks step eager --quick`.

A full run takes more than an hour and ten gigabytes. Contestants take their steps in turns, so
ratios hold on a machine that is not quite idle; seconds do not. `python -m benchmarks fit --quick`
takes two minutes, and one cell of its table `fit --model "small CNN" --way fit --mode on --setup adam`.
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

from . import (
    bandwidth,
    checkpoints,
    eager,
    fit,
    growth,
    memory,
    model,
    results,
    rows,
    scaling,
    sharded,
    stacks,
    step,
    workers,
)
from .contestants import GRADIENTS
from .part import Options, Part, Row
from .setups import SETUPS, TRAINED
from .shapes import QUICK, SHAPES

PARTS = {
    "step": step.PART,
    "eager": eager.PART,
    "memory": memory.PART,
    "model": model.PART,
    "fit": fit.PART,
    "scaling": scaling.PART,
    "growth": growth.PART,
    "rows": rows.PART,
    "stacks": stacks.PART,
    "bandwidth": bandwidth.PART,
    "checkpoints": checkpoints.PART,
    "sharded": sharded.PART,
    "workers": workers.PART,
}
SETTINGS = ("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS")
QUICK_SETUP = "adamw + global clip + EMA"  # what uses most of each library
WIDTH = 170  # of the widest table, also where the terminal is narrower


def main() -> None:
    """Measure what the command line asks for, and print or write the tables."""
    arguments = parser().parse_args()
    console = Console(width=max(Console().width, WIDTH))
    for name in arguments.parts or PARTS:
        part, groups = PARTS[name], list[list[Row]]()
        options = chosen(arguments, part)
        try:
            with processes(options) as pool:
                for case in track(list(part.cases(options)), name, console=console, transient=True):
                    groups.append(pool.submit(case).result())
                    if arguments.write:  # after each case: a run that is interrupted keeps what it has
                        section = results.markdown(name, part, part.arranged(groups), command())
                        results.written(name, section, list(PARTS))
        finally:
            console.print(results.shown(name, part, part.arranged(groups)))


def command() -> str:
    """Return the command line, with what it was told by the environment about how steps run."""
    settings = [f"{name}={os.environ[name]}" for name in SETTINGS if name in os.environ]
    return shlex.join([*settings, "python", "-m", "benchmarks", *sys.argv[1:]])


def processes(options: Options) -> ProcessPoolExecutor:
    """Return what runs the cases, one at a time.

    TensorFlow keeps every program that it compiled, so each case gets a process of its own. The
    cases of a quick run share one, because starting it would take longer than they do.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawn, max_tasks_per_child=None if options.quick else 1)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="minutes, to see that everything works")
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/RESULTS.md")
    parser.add_argument("--rounds", type=int, help="steps of each contestant, default: that of the part")
    setups = dict.fromkeys([*SETUPS, *TRAINED])
    several = {"shapes": SHAPES, "setup": setups, "gradients": GRADIENTS}
    for name, choices in (several | {"model": fit.NAMES, "mode": fit.MODES, "way": fit.WAYS}).items():
        parser.add_argument(f"--{name}", choices=choices, action="append", help="default: all")
    parser.add_argument("--optimizer", metavar="NAME", action="append", help="of bandwidth; default: all")
    return parser


def chosen(arguments: argparse.Namespace, part: Part) -> Options:
    """Return the options of a part, complete."""
    quick, setups = arguments.quick, arguments.setup
    shapes = {name: SHAPES[name] for name in arguments.shapes or SHAPES}
    return Options(
        rounds=arguments.rounds or (part.quick_rounds if quick else part.rounds),
        shapes=QUICK if quick and not arguments.shapes else shapes,
        setups=tuple(setups or ([QUICK_SETUP] if quick else SETUPS)),
        gradients=tuple(arguments.gradients or (["computed"] if quick else GRADIENTS)),
        quick=quick,
        trained=tuple(setups or ([*TRAINED][:1] if quick else TRAINED)),
        models=tuple(arguments.model or ()),
        modes=tuple(arguments.mode or ()),
        ways=tuple(arguments.way or ()),
        optimizers=tuple(arguments.optimizer or ()),
    )


if __name__ == "__main__":
    main()
