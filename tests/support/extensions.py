"""The Sphinx extensions of this project, which the documentation build finds by a path of its own."""

from __future__ import annotations

import sys

from support.project_paths import ROOT

sys.path.append(str(ROOT / "docs" / "_ext"))

import rooms  # found by the line above
import stages
import type_table

__all__ = ["rooms", "stages", "type_table"]
