"""Config of snapshot."""

from __future__ import annotations

from optiplug import PositiveInt, ProcessorConfig

__all__ = ["SnapshotConfig"]


class SnapshotConfig(ProcessorConfig):
    """Keep a copy of every variable, renewed periodically. One state slot."""

    implementation = "optiplug_processors.snapshot:Snapshot"
    elementwise = True
    complex_variables = True
    takes_rows = False
    paper = "None: a copy to go back to"

    period: PositiveInt = 100
    """Number of steps between two copies."""
