"""Which diagnostics a row passes; reported apart, as they are no part of the score."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from .lines import add_line, lines_of
from .protocol import Protocol
from .rows import Row

__all__ = ["Diagnosis", "diagnose_row", "diagnoses"]


class Diagnosis(BaseModel):
    """What became of a row on each diagnostic: passed, failed, or neither as it could not be run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: int
    row: str
    passed: dict[str, bool | None]


def diagnoses(folder: Path, version: int) -> dict[str, Diagnosis]:
    """Return what was found under a version of the protocol, by row; the last counts."""
    found = map(Diagnosis.model_validate, lines_of(folder / "diagnostics.jsonl"))
    return {each.row: each for each in found if each.protocol == version}


def diagnose_row(protocol: Protocol, row: Row, folder: Path) -> None:
    """Try a row, with the setting of track B and without a schedule, and add what came out to the file."""
    from optiplug_workloads.diagnostics.diagnosis import PREFIX, diagnose

    findings = diagnose(row.config())
    passed = {
        each.diagnostic.removeprefix(PREFIX): None if each.problem else each.passed for each in findings
    }
    found = Diagnosis(protocol=protocol.version, row=row.name, passed=passed)
    add_line(folder / "diagnostics.jsonl", found.model_dump_json())
