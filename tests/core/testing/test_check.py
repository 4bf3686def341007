"""A check says what it promises, and when it does not apply."""

from __future__ import annotations

import unittest

import pytest

from optiplug import ConfigError, registry
from optiplug.testing import Check, NotApplicable, checks

TASK = registry.get("tasks", "digits")


def test_there_are_no_checks_of_other_kinds():
    with pytest.raises(ConfigError, match="did you mean 'optimizers'"):
        checks("optimizer")
    with pytest.raises(ConfigError, match="names_its_source is a check of optimizers"):
        next(each for each in checks("optimizers") if each.name == "names_its_source")(TASK())


def test_what_does_not_apply_is_skipped():
    def reason(_):
        raise NotApplicable("no such thing here")

    with pytest.raises(unittest.SkipTest, match="no such thing here"):  # which pytest reports as skipped
        Check("never", ("tasks",), "Nothing.", reason)(TASK())
