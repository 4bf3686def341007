"""What accumulation moves between workers, by the counters of an interface."""

import pytest

from support import traffic
from support.window_traffic import CALLS


@pytest.mark.slow
@pytest.mark.skipif(bool(traffic.without_own_network()), reason=traffic.without_own_network())
def test_a_window_moves_what_a_step_does(tmp_path):
    first, _ = traffic.run("support.window_traffic:counted", {"worker": 2}, tmp_path)
    one, every, last = (first[way] for way in ("no accumulation", "every_call", "last_call"))
    assert last == pytest.approx(one, rel=0.02)
    assert every == pytest.approx(CALLS * one, rel=0.02)
