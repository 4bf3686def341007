"""The Sphinx extensions of this project, which the documentation build finds by a path of its own."""

from __future__ import annotations

import sys

from support.project_paths import ROOT

sys.path.append(str(ROOT / "docs" / "_ext"))

import conversions  # found by the line above
import growth
import leaderboard
import mathml
import off_mesh
import pictures
import rooms
import scaling
import stages
import standings
import type_table
import workloads

__all__ = [
    "conversions",
    "growth",
    "leaderboard",
    "mathml",
    "off_mesh",
    "pictures",
    "rooms",
    "scaling",
    "stages",
    "standings",
    "type_table",
    "workloads",
]
