"""What workers send each other directly, tried out on two devices of one process that stand for them."""

import numpy as np
import pytest
import tensorflow as tf

from optiplug._distribution import exchange
from optiplug._distribution.workers import Workers
from support.strategies import mirrored

NAMES = ("worker 0", "worker 1")
WORKERS = [Workers(NAMES, own, f"/device:CPU:{own}") for own in range(len(NAMES))]
# Some go alone, the others in two pieces.
SIZES = [30, 100_000, 50_000, 7, 70_000, 20_000]


def on_both(function, values, calls=1):
    """Return what the calls of a function give on each of two devices, given its own tensors."""

    @tf.function
    def run():
        return [function(each, mirrored(2), own) for each, own in zip(WORKERS, values, strict=True)]

    return [run() for _ in range(calls)][-1]


def numbered(own, rows, dtype="float32"):
    """Return tensors of some rows that have other numbers on each device."""
    random = np.random.default_rng(own)
    return [tf.constant(random.normal(size=(rows, size)), dtype) for size in SIZES]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_each_gets_the_rows_that_are_for_it(dtype):
    given = [numbered(own, 2, dtype) for own in (0, 1)]
    for own, rows in enumerate(on_both(exchange.exchanged_rows, given, calls=3)):
        assert len(rows) == len(SIZES)
        for place, each in enumerate(rows):
            np.testing.assert_array_equal(each, np.stack([every[place][own] for every in given]))


def test_all_get_the_vectors_of_all():
    given = [[each[0] for each in numbered(own, 1)] for own in (0, 1)]
    for rows in on_both(exchange.gathered_rows, given, calls=3):
        assert len(rows) == len(SIZES)
        for place, each in enumerate(rows):
            np.testing.assert_array_equal(each, np.stack([every[place] for every in given]))


def test_large_ones_go_alone_and_small_ones_together():
    pieces = exchange._pieces(numbered(0, 2))
    assert pieces == [[1], [2], [4], [0, 3, 5]]
    # No more is joined than is worth it.
    some = [tf.zeros([2, 15_000])] * 5
    assert exchange._pieces(some) == [[0, 1, 2], [3, 4]]
    assert exchange._pieces([]) == []


def test_numbers_are_those_of_what_is_sent(monkeypatch):
    signature = ("CollectiveGatherV2", "float32", 1, 1000, 0)
    number, other = exchange._key(*signature), exchange._key(*signature[:-1], 1)
    assert number != other
    assert exchange._key(*signature) == number
    # Another one has it already.
    monkeypatch.setattr(exchange, "_signatures", {number: ("other",)})
    assert exchange._key(*signature) == exchange._key(*signature) == number + 1
