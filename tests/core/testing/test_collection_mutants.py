"""No check is without a plugin that breaks it."""

from __future__ import annotations

from optiplug.registry import KINDS
from optiplug.testing import checks
from support.mutants import MUTANTS

APART = {"is_listed_without_tensorflow"}  # its mutant is no class: test_configs.py


def test_no_check_is_without_a_mutant():
    killed = {mutant.check for mutant in MUTANTS} | APART
    assert sorted(killed) == sorted({check.name for kind in KINDS for check in checks(kind)})
