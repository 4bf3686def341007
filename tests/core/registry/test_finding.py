"""What is said where a reference means nothing; test_registry_references has what it means."""

from __future__ import annotations

import pytest

from optiplug._registry.entry_points import Entry, Reference
from optiplug._registry.finding import chosen, not_offered
from optiplug._registry.troubles import Trouble
from optiplug.errors import AmbiguousPluginError, BrokenPluginError, UnknownPluginError

ONE, TWO = (Entry("optimizers", "swift", name, "1.0", "m:X") for name in ("fake-one", "fake-two"))


def test_of_two_distributions_one_is_to_be_chosen():
    with pytest.raises(AmbiguousPluginError, match="choose one, as in swift@fake-one"):
        chosen([ONE, TWO], Reference("swift"), "swift", lambda _: ("", ""), lambda _: "")
    assert (
        chosen([ONE, TWO], Reference("swift"), "swift", lambda each: ("no" * (each is ONE), ""), str) is TWO
    )


def test_one_distribution_that_offers_it_twice_leaves_no_choice():
    again = Entry("optimizers", "swift", "fake-one", "1.0", "m:Y")
    with pytest.raises(BrokenPluginError, match=r"swift@fake-one 1\.0: twice.*Hint: its authors"):
        chosen([ONE, again], Reference("swift"), "swift", lambda _: ("", ""), lambda _: "twice")


def test_damage_is_told_where_it_may_be_the_cause():
    def error(*troubles):
        return not_offered("optimizers", Reference("swift"), "swift", [], troubles)

    def trouble(*names):
        return Trouble("unreadable", "fake", "/lib/fake", "cannot be read", "mend it", names=names)

    assert isinstance(error(), UnknownPluginError)
    assert isinstance(error(trouble(("optimizers", "swift"))), BrokenPluginError)
    assert "unless it is in /lib/fake, which cannot be read" in str(error(trouble()))
    for other in (("schedules", "swift"), ("optimizers", "other")):
        assert "/lib/fake" not in str(error(trouble(other)))
