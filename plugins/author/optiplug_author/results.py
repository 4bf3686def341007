"""What became of each promise, as pytest reports it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from optiplug.registry import Entry
from optiplug.testing import Check

__all__ = ["Promise", "Results"]

_LINES = 6


@dataclass
class Promise:
    """One promise of one plugin, and what became of it: a message says why it is not simply kept."""

    check: Check
    outcome: str = "not tried"
    message: str = ""
    place: str = ""
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        """Whether something has to be done about it."""
        return self.outcome == "failed"

    def as_json(self) -> dict[str, object]:
        """Return everything as JSON values."""
        return {
            "check": self.check.name,
            "promise": self.check.summary,
            "outcome": self.outcome,
            "message": self.message,
            "place": self.place,
            "seconds": round(self.seconds, 3),
        }


@dataclass
class Results:
    """Collects what pytest reports; a plugin of pytest.

    Tests are told by the kind in the name of their function, and by plugin and check in their id.
    """

    entries: Sequence[Entry]
    advance: Callable[[], None]
    found: dict[tuple[Entry, str], Promise] = field(default_factory=dict)
    interrupted: bool = False

    def expect(self, entry: Entry, checks: Sequence[Check]) -> None:
        """Make room for the promises of a plugin."""
        self.found.update({(entry, each.name): Promise(each) for each in checks})

    def fail(self, entry: Entry, check: str, message: str) -> None:
        """Note that a promise is broken, which no test could try."""
        promise = self.found[entry, check]
        promise.outcome, promise.message = "failed", message

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a phase of a test came to."""
        promise = self._promise(report.nodeid)
        if promise is None:
            return
        promise.seconds += report.duration
        if report.failed or report.outcome == "skipped" or report.when == "call":
            promise.outcome, promise.message, promise.place = _told(report)
        if report.when == "teardown":
            self.advance()

    def pytest_keyboard_interrupt(self) -> None:
        """Note that somebody wants no more."""
        self.interrupted = True

    def __iter__(self) -> Iterator[tuple[Entry, list[Promise]]]:
        for entry in self.entries:
            yield entry, [each for (whose, _), each in self.found.items() if whose == entry]

    @property
    def kept(self) -> bool:
        """Whether no promise is broken."""
        return not any(each.broken for each in self.found.values())

    def _promise(self, nodeid: str) -> Promise | None:
        function, _, rest = nodeid.rpartition("::")[2].partition("[")
        name, _, check = rest.removesuffix("]").rpartition("-")
        kind = function.removeprefix("test_")
        entry = next((each for each in self.entries if (each.kind, each.qualified) == (kind, name)), None)
        return None if entry is None else self.found.get((entry, check))


def _told(report: pytest.TestReport) -> tuple[str, str, str]:
    """Return outcome, message and place of a report."""
    expected = getattr(report, "wasxfail", None)
    if report.outcome == "skipped" and expected is not None:
        return "failed as expected", str(expected), ""
    if report.outcome == "skipped":
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return "skipped", reason.removeprefix("Skipped: "), ""
    if report.outcome == "passed":
        return "kept", "", ""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    if crash is None:  # a promise that is kept again, or a worker that has ended
        again = "kept again, so it is expected to fail no longer:"
        return "failed", _first_lines(str(report.longrepr).replace("[XPASS(strict)]", again)), ""
    return "failed", _first_lines(crash.message), f"{crash.path}:{crash.lineno}"


def _first_lines(text: str) -> str:
    lines = text.strip().splitlines()
    return "\n".join([*lines[:_LINES], *(["..."] if len(lines) > _LINES else [])])
