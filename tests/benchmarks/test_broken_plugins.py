"""Environments with broken plugins are what they are said to be, and are measured as processes."""

from __future__ import annotations

import pytest

from benchmarks.broken_plugins import CALLS, ENVIRONMENTS, SOUND_ONE, environments, measured, named, summary
from support.damaged_distributions import DAMAGES
from support.hostile_plugins import HOSTILE


def test_environments_have_everything_alone_and_pairs():
    found = environments()
    assert found == environments()
    assert len(set(found)) == len(found) == ENVIRONMENTS == 200
    assert {(way,) for way in (*DAMAGES, *HOSTILE)} < set(found)


def test_what_is_named_has_its_own_reason():
    path, broken = {"path": "/x/fake_plugin0-1.0.dist-info"}, {"where": "plugin1@x", "what": "broken"}
    told = {"troubles": [path | {"reason": f"so {DAMAGES['no-name'].reason}"}]}
    assert named("no-name", 0, told)
    assert not named("no-name", 1, told)
    assert not named("no-version", 0, told)
    assert named("exits", 1, {"findings": [broken]})
    assert not named("exits", 0, {"findings": [broken]})
    assert named("exits", 1, {"plugins": [{"name": "plugin1", "status": "broken"}]})
    assert not named("exits", 1, {"plugins": [{"name": "plugin1", "status": "indexed"}]})


@pytest.mark.slow  # four processes, one after the other
def test_processes_are_measured():
    rows = list(measured(("left-over", "is no model", SOUND_ONE)))
    assert [row["call"] for row in rows] == list(CALLS)
    # What is no Config is seen when it is imported, and not before.
    assert [row["named"]["is no model"] for row in rows] == [False, True, True, True]
    assert all(row["named"]["left-over"] for row in rows)
    assert all(row["work"] > 0 and row["seconds"] > 0 for row in rows)
    assert "names 1 of 2; not ['is no model']" in next(line for line in summary(rows) if "names" in line)
