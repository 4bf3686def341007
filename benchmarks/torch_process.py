"""PyTorch in a process of its own: loaded beside TensorFlow, one of the two ends the process.

Its contestants step in turns with those here, asked for through a pipe. The seconds of a step are taken over
there, so they are without those of the pipe.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from functools import cache, partial
from importlib.metadata import distributions
from pathlib import Path

from .setups import Setup
from .shapes import Shapes
from .timing import Contestant

__all__ = ["FORMS", "build", "told"]

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-torch"
PACKAGES = list(map(str, ENVIRONMENT.glob("lib/*/site-packages")))
VERSION = next((each.version for each in distributions(name="torch", path=PACKAGES)), None)
FORMS = ("fused", "foreach") if VERSION else ()
MODULE = f"{__package__}.with_torch"


def told() -> str:
    """Return what a table says of torch."""
    if not VERSION:
        return "torch is missing, as it is not in `.venv-torch`: `make bench-torch` puts it there."
    return f"torch {VERSION} steps in a process of its own, in turns with the others."


def build(shapes: Shapes, setup: Setup, factor: float | None, form: str) -> Contestant:
    """Build a contestant; gradients are `factor` times the variables, or given if there is none."""
    process = torch_process()
    request = {"shapes": shapes, "setup": asdict(setup), "factor": factor, "form": form}
    number, first = process.built(request)
    return Contestant(first, partial(process.asked, number))


class TorchProcess:
    """The process; it ends when its input does, which is at the latest when this one ends."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        command = [ENVIRONMENT / "bin" / "python", "-m", MODULE]
        self._process = subprocess.Popen(  # noqa: S603  # our own command
            command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True
        )
        self._count = 0

    def built(self, request: object) -> tuple[int, float]:
        """Let a contestant be built, and return its number and the seconds of its first step."""
        first = self.asked(request)
        self._count += 1
        return self._count - 1, first

    def asked(self, request: object) -> float:
        """Send a request, and return the seconds that are the reply."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(request), file=self._process.stdin, flush=True)
        reply = self._process.stdout.readline()
        if not reply:
            with self._process as ended:  # waits for it, and closes the pipe
                pass
            raise RuntimeError(f"{MODULE} has ended with {ended.returncode}; its message is above")
        return float(reply)


@cache
def torch_process() -> TorchProcess:
    """Return the process of torch, started once in each process of the suite."""
    return TorchProcess()
