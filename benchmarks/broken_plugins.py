"""Time `list` and `doctor` among broken plugins: `PYTHONPATH=tests python -m benchmarks.broken_plugins`.

200 environments have one or two broken plugins beside all that is installed: each way in which metadata is
damaged and each in which a module does harm when it is imported, alone and in pairs. In each, both commands
run twice as processes of their own, in this order: `list`, `doctor`, `list`, `doctor`. Said is how long they
take, by the clock and in processor time with all that they start, and how many of the broken plugins they
name. `--sound 300` times them with so many sound distributions instead, three times. `--first` and `--last`
take a part of the environments, `--to` appends what was measured to a file, and `--read` sums that up.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from support.damaged_distributions import DAMAGES
from support.fake_distributions import config_module, fake_distribution
from support.hostile_plugins import HOSTILE

ENVIRONMENTS = 200
CALLS = ("list", "doctor", "list again", "doctor again")
SOUND_ONE = "sound"
SOUND = config_module("Swift").replace("nowhere:Swift", "optiplug_sgd.sgd:SGD")


def environments() -> list[tuple[str, ...]]:
    """Return what is broken in each environment: everything alone, and pairs, the same ones each time."""
    ways = [*DAMAGES, *HOSTILE]
    pairs = list(itertools.combinations(ways, 2))
    random.Random(17).shuffle(pairs)  # noqa: S311  # a choice, and no secret
    alone = [(way,) for way in ways]
    return [*alone, *pairs[: ENVIRONMENTS - len(alone)]]


def install(folder: Path, number: int, way: str) -> Path:
    """Write a distribution that is broken in one way, or sound if it is called so, and return where it is.

    Sound ones are in one folder, as in an environment of many plugins; a broken one has a folder of its own.
    """
    source = HOSTILE[way][0] if way in HOSTILE else SOUND
    home = fake_distribution(
        folder / (way if way == SOUND_ONE else str(number)),
        f"fake-plugin{number}",
        points={"optimizers": {f"plugin{number}": f"fake_plugin{number}:Swift"}},
        modules={f"fake_plugin{number}": source},
    )
    if way in DAMAGES:
        DAMAGES[way].do(home / f"fake_plugin{number}-1.0.dist-info")
    return home


def called(call: str, homes: Sequence[Path], folder: Path) -> tuple[float, float, dict[str, Any]]:
    """Run a command; return seconds, seconds of processor time and what it says."""
    path = os.pathsep.join([*dict.fromkeys(map(str, homes)), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "OPTIPLUG_TRIALS": str(folder / "trials")}
    line = [sys.executable, "-m", "optiplug.cli", call.partition(" ")[0], "--json"]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, work, json.loads(ended.stdout)


def named(way: str, number: int, said: dict[str, Any]) -> bool:
    """Whether a plugin is told, and what is wrong with it."""
    told = [*said.get("troubles", ()), *said.get("findings", ())]
    if way in DAMAGES:
        return any(
            f"ake_plugin{number}-" in each["path"] and DAMAGES[way].reason in each["reason"] for each in told
        )
    listed = [each for each in said.get("plugins", ()) if each["status"] == "broken"]
    return any(each["name"] == f"plugin{number}" for each in listed) or any(
        each["where"].startswith(f"plugin{number}@") and each["what"] == "broken" for each in told
    )


def measured(ways: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what each call in an environment takes, and whether it names what is broken."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        homes = [install(folder, number, way) for number, way in enumerate(ways)]
        for call in CALLS:
            seconds, work, said = called(call, homes, folder)
            told = {way: named(way, number, said) for number, way in enumerate(ways) if way != SOUND_ONE}
            yield {"call": call, "seconds": seconds, "work": work, "named": told}


def summary(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield lines for each call: its times, and what it names or does not."""
    for call in CALLS:
        rows = [each for each in found if each["call"] == call]
        told = [(way, right) for row in rows for way, right in row["named"].items()]
        missed = sorted({way for way, right in told if not right})
        yield f"{call}: {times(rows, 'seconds')} by the clock; {times(rows, 'work')} of processor time"
        if told:
            yield f"    names {sum(right for _, right in told)} of {len(told)}; not {missed}"


def times(rows: Sequence[dict[str, Any]], key: str) -> str:
    """Return median and maximum of seconds, and how many are below one."""
    values = [row[key] for row in rows]
    short = sum(value < 1 for value in values)
    median, most = statistics.median(values), max(values)
    return f"median {median:.2f} s, at most {most:.2f} s, {short} of {len(values)} below a second"


def main() -> None:
    """Measure, or put together what was measured, and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=ENVIRONMENTS)
    parser.add_argument("--sound", type=int, help="time so many sound distributions instead")
    parser.add_argument("--to", type=Path, help="append what is measured to a file, one JSON value in a line")
    parser.add_argument("--read", type=Path, help="measure nothing, and read such a file")
    options = parser.parse_args()
    found = [json.loads(line) for line in options.read.read_text().splitlines()] if options.read else []
    every = [(SOUND_ONE,) * options.sound] * 3 if options.sound else environments()
    for ways in [] if options.read else every[options.first : options.last]:
        for row in measured(ways):
            found.append(row)
            if options.to:
                with options.to.open("a") as file:
                    file.write(f"{json.dumps(row)}\n")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print("\n".join(summary(found)))


if __name__ == "__main__":
    main()
