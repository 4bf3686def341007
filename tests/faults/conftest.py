"""Where the tests of this folder run what may be killed."""

from __future__ import annotations

import pytest

from faults.apart import directors
from faults.catalogue import tried
from faults.disks import why_no_mount


@pytest.fixture(scope="session")
def director():
    """Return what calls a function in a process that may fork: `director(function, *arguments)`."""
    with directors() as executor:
        yield lambda *call: executor.submit(*call).result()


@pytest.fixture
def tries(director, tmp_path):
    """Return what makes the tries of a kind: `tries(kind, extent)`."""
    return lambda kind, extent: director(tried, kind, extent, tmp_path)


@pytest.fixture
def full_disk(director, tmp_path):
    """Skip where no file system of a given size can be had."""
    reason = director(why_no_mount, tmp_path / "probe")
    if reason:
        pytest.skip(f"no file system can be mounted here: {reason}")
