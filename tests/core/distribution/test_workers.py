"""Who the workers of a cluster are, and how long one waits for another."""

import math

import pytest
import tensorflow as tf

import optiplug
from optiplug._distribution.workers import VARIABLE, longest_wait, workers_of
from support.strategies import mirrored


def test_a_process_alone_has_no_workers():
    assert workers_of(None) is None
    assert workers_of(mirrored(2)) is None
    # A cluster of its own process.
    assert workers_of(tf.distribute.MultiWorkerMirroredStrategy()) is None


def test_workers_know_each_other_by_address(two_workers):
    first, second = two_workers("known_workers")
    assert first["names"] == second["names"]
    assert [name.partition(" (127.0.0.1:")[0] for name in first["names"]] == ["worker 0", "worker 1"]
    assert [first["own"], second["own"]] == [0, 1]
    assert list(second["others"]) == ["0"]


@pytest.mark.parametrize(("text", "seconds"), [("", 600.0), ("12.5", 12.5), ("0", math.inf)])
def test_the_longest_wait_is_set_by_the_environment(text, seconds, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    assert longest_wait() == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_a_wait_that_is_no_number_is_refused(text, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(optiplug.ConfigError, match=f"{VARIABLE}: must be a number of seconds.*{text!r}"):
        longest_wait()
