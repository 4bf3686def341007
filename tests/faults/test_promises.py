"""What docs/reliability.md promises of saves: each sentence there is the name of a test here."""

from __future__ import annotations

import pytest

from faults.tries import broken, counts

EXTENTS = ["few", pytest.param("many", marks=pytest.mark.slow)]

pytestmark = pytest.mark.parametrize("extent", EXTENTS)


def test_what_is_said_to_be_saved_survives_a_kill(tries, extent):
    made = tries("killed saves", extent)

    assert broken(made) == []
    assert len(made) >= {"few": 5, "many": 30}[extent]
    assert len(counts(made)) > 1, "killed at one moment only"


def test_where_nothing_was_saved_nothing_is_restored(tries, extent):
    made = tries("killed first saves", extent)

    assert broken(made) == []
    assert counts(made)["refused: StateError"] > 1


def test_a_damaged_checkpoint_is_never_restored(tries, extent):
    made = tries("damaged checkpoints", extent)

    assert broken(made) == []
    assert counts(made)["restored 1"] >= {"few": 50, "many": 70}[extent]


@pytest.mark.slow
def test_a_full_disk_costs_the_save_that_finds_it_full(tries, extent, full_disk):
    made = tries("full disks", extent)

    assert broken(made) == []
    assert len(counts(made)) > 1, "no disk was full in time"


@pytest.mark.slow
def test_a_save_that_fails_leaves_those_before_it(tries, extent):
    made = tries("small files", extent)

    assert broken(made) == []


def test_a_read_only_folder_can_be_restored_from(tries, extent, full_disk):
    assert broken(tries("read-only folders", extent)) == []


def test_of_two_writers_one_is_refused(tries, extent):
    assert broken(tries("two writers", extent)) == []


def test_a_writer_that_was_killed_holds_up_nobody(tries, extent):
    assert broken(tries("killed writers", extent)) == []


def test_changed_inputs_are_refused_unless_allowed(tries, extent):
    made = tries("changed inputs", extent)

    assert broken(made) == []
    assert set(counts(made)) == {"refused: ChangedInputsError", "restored 1"}


def test_what_does_not_fit_is_refused_as_a_whole(tries, extent):
    made = tries("other values", extent)

    assert broken(made) == []
    assert len(made) >= 8
