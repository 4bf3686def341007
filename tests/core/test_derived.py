"""A derived property is computed anew, until an attribute takes its place."""

from __future__ import annotations

from optiplug._derived import derived


class Counting:
    """Counts how often it is asked."""

    asked = 0

    @derived
    def state(self):
        """The state."""
        self.asked += 1
        return self.asked


def test_it_is_computed_at_each_access():
    thing = Counting()
    assert [thing.state, thing.state] == [1, 2]


def test_an_attribute_takes_its_place_and_may_go_again():
    thing, other = Counting(), Counting()
    thing.state = "its own"
    assert (thing.state, other.state) == ("its own", 1)
    del thing.state
    assert thing.state == 1


def test_the_class_shows_the_property_itself():
    assert isinstance(Counting.state, derived)
    assert Counting.state.__doc__ == "The state."
