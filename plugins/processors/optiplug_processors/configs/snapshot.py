"""Config of snapshot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optiplug import ProcessorConfig

__all__ = ["SnapshotConfig"]


class SnapshotConfig(ProcessorConfig):
    """Keep a copy of every variable, renewed every so many steps. One state slot."""

    implementation = "optiplug_processors.snapshot:Snapshot"
    elementwise = True
    takes_rows = False
    paper = "None: a copy to go back to"

    period: Annotated[int, Field(ge=1)] = 100
    """Number of steps after which the copy is renewed."""
