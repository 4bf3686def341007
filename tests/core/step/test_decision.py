"""What gates hand on."""

from optiplug._step.decision import Decision


def test_gates_that_write_themselves_leave_nothing_to_write():
    assert Decision([], True, []).assigned is None
