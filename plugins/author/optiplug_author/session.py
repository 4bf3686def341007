"""A run of pytest that tries promises, without what pytest prints."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from optiplug import ConfigError
from optiplug.errors import nearest

from . import plan, promises
from .plan import config_of, levelled
from .results import Results
from .words import muted_stderr

__all__ = ["Session"]

_MOST_WORKERS = 4  # each loads TensorFlow, which takes a gigabyte
_WORTH_A_WORKER = 12  # and seconds, in which so many promises are tried

_ISOLATED = (
    # Neither the author's settings nor files of theirs have a part in it.
    f"--config-file={os.devnull}",
    f"--rootdir={Path(__file__).parent}",
    "--import-mode=importlib",
    "--disable-warnings",
    *("-p", "no:cacheprovider", "-p", plan.__name__),
)


class Session:
    """What is to be tried of some plugins, and how.

    Raises
    ------
    PluginError
        If one of them cannot be imported.
    typer.BadParameter
        If `expected` names no check of theirs, or has no reason.
    """

    def __init__(self, results: Results, level: str, expected: Sequence[str]) -> None:
        self.results, self.level = results, level
        self._named = []
        for entry in results.entries:
            with muted_stderr():
                results.expect(entry, levelled(entry.kind, level))
            try:
                config_of(entry)
            except ConfigError as error:
                results.fail(entry, "has_an_example", str(error))
            else:
                self._named.append(f"{entry.kind}/{entry.qualified}")
        self._reasons = self._checked(expected)

    def run(self, matching: str, jobs: int | None, junit: Path | None) -> None:
        """Try it; the results know what became of each.

        Raises
        ------
        typer.BadParameter
            If `matching` is no expression of pytest, or matches nothing.
        """
        options = [
            *(f"--promises-of={name}" for name in self._named),
            *(f"--promises-expected={name}={reason}" for name, reason in self._reasons.items()),
            f"--promises-level={self.level}",
            *(["-k", matching] if matching else []),
            *([f"--junit-xml={junit}", "-o", "junit_suite_name=optiplug"] if junit else []),
            *self._workers(matching, jobs),
        ]
        kinds = dict.fromkeys(name.partition("/")[0] for name in self._named)
        tests = [f"{promises.__file__}::test_{kind}" for kind in kinds]
        if tests:
            self._run([*_ISOLATED, *options, *tests], matching)

    def _run(self, arguments: Sequence[str], matching: str) -> None:
        written = io.StringIO()
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written), _own_environment():
            code = pytest.main(list(arguments), plugins=[self.results])
        if self.results.interrupted:
            raise KeyboardInterrupt
        if code == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise typer.BadParameter(f"{matching!r} matches no promise of these", param_hint="-k")
        if code == pytest.ExitCode.USAGE_ERROR and matching:
            said = written.getvalue().rpartition("ERROR: ")[2].strip()
            raise typer.BadParameter(said, param_hint="-k")
        if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            raise RuntimeError(f"pytest has ended with {code!r}\n{written.getvalue()}")

    def _workers(self, matching: str, jobs: int | None) -> list[str]:
        """Return the options of pytest-xdist; none where one process is enough, or it is not installed."""
        if jobs is None:
            few = matching or self.level == "config"
            worth = 1 if few else len(self.results.found) // _WORTH_A_WORKER
            jobs = min(_cores(), _MOST_WORKERS, worth)
        if jobs < 2 or find_spec("xdist") is None:
            return []
        return [f"--numprocesses={jobs}", "--dist=worksteal"]

    def _checked(self, expected: Sequence[str]) -> Mapping[str, str]:
        known = {check for _, check in self.results.found}
        reasons = {}
        for text in expected:
            name, _, reason = text.partition("=")
            if name not in known or not reason.strip():
                guess = nearest(name, known) if name not in known else ""
                rule = f"must be CHECK=REASON, of a check of these plugins. Received: {text!r}. {guess}"
                raise typer.BadParameter(rule.strip(), param_hint="--expect")
            reasons[name] = reason.strip()
        return reasons


def _cores() -> int:
    """Return how many cores this process may use, or on some systems how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Leave out what is meant for the author's own tests."""
    kept = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
