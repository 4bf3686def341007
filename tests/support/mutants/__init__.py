"""Broken plugins, each in one way, and the check that has to find it."""

from __future__ import annotations

from support.mutants import (
    complex_variables,
    configs,
    edges,
    execution,
    formulas,
    gradients,
    memory,
    meshes,
    processors,
    schedules,
    settings,
    state,
)
from support.mutants.mutant import MUTANTS

__all__ = [
    "MUTANTS",
    "complex_variables",
    "configs",
    "edges",
    "execution",
    "formulas",
    "gradients",
    "memory",
    "meshes",
    "processors",
    "schedules",
    "settings",
    "state",
]
