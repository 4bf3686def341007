"""What workers agree on; that optimizers do is in tests/distributed."""

from optiplug._distribution.agreement import _differences


def test_what_differs_is_told_with_both_values():
    assert _differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}) == [
        ("b", "2", "3"),
        ("c", "absent", "4"),
    ]
    assert _differences({"a": "1"}, {"a": "1"}) == []


def test_workers_agree_several_times(two_workers):
    assert two_workers("agreements") == [[None, "DifferentWorkersError", None]] * 2
