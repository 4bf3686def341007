"""Sums of gradients that wait for other workers; that a long wait ends is in tests/distributed."""


def test_sums_are_counted_and_start_no_thread_each(two_workers):
    for counts in two_workers("counted_sums"):
        # Eager and traced ones, each begun and done.
        assert counts["begun"] == counts["done"] == 7
        assert counts["threads"] <= 2
