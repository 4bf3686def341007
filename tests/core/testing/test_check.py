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


class Exempt(TASK):
    @property
    def exemptions(self):
        return {"always": "it is known not to"}


def broken(_):
    raise AssertionError("as was said")


@pytest.mark.parametrize("fault", [broken, lambda _: 1 / 0], ids=["broken", "failing"])
def test_an_exemption_is_the_reason_where_it_holds(fault):
    with pytest.raises(NotApplicable, match="it is known not to"):
        Check("always", ("tasks",), "Something.", fault)(Exempt())


def test_an_exemption_that_is_not_needed_fails():
    with pytest.raises(
        AssertionError, match=r"always in `exemptions`: is kept.*it is known not to.*take it out"
    ):
        Check("always", ("tasks",), "Something.", lambda _: None)(Exempt())
    risky = Check("always", ("tasks",), "Something.", lambda _: None, risky=True)
    with pytest.raises(NotApplicable, match="it is known not to"):
        risky(Exempt())
