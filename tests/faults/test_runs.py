"""What docs/reliability.md promises of `optiplug train`: each sentence there is the name of a test here."""

from __future__ import annotations

import pytest

from faults.tries import broken, counts

pytestmark = pytest.mark.slow


def test_a_killed_run_ends_as_one_that_was_left_alone(tries):
    made = tries("killed runs", "many")

    assert broken(made) == []
    assert counts(made)["killed"] >= 1


def test_killed_workers_end_as_those_that_were_left_alone(tries):
    made = tries("killed workers", "many")

    assert broken(made) == []
    assert min(counts(made)["killed the chief"], counts(made)["killed the other"]) >= 1


def test_of_two_runs_in_one_folder_one_is_refused(tries):
    assert broken(tries("two runs", "many")) == []


def test_a_run_that_found_the_disk_full_goes_on(tries, full_disk):
    assert broken(tries("runs on full disks", "many")) == []


def test_a_run_with_changed_inputs_is_refused(tries):
    made = tries("changed runs", "many")

    assert broken(made) == []
