"""What a distribution requires is compared with what is installed."""

from __future__ import annotations

import pytest

from optiplug._registry.dependencies import unmet
from support.fake_distributions import installing


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """Two distributions that are required, one of them without a version that counts."""
    with installing(tmp_path, monkeypatch) as install:
        install("fake-old", "1.0")
        install("fake-odd", "unknown")
        yield


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("fake-old>=1", ""),
        ("Fake_Old (>=1,<2)", ""),
        ("fake-old>=2", "requires fake-old>=2, and 1.0 is installed"),
        ("fake-none", "requires fake-none, which is not installed"),
        ("fake-none; extra == 'more'", ""),
        ("fake-none; extra == 'used'", "requires fake-none, which is not installed"),
        ("fake-none; python_version < '3'", ""),
        ("fake-odd", ""),
        ("fake-odd>=1", "requires fake-odd>=1, and unknown is installed"),
        ("=> nothing", "requires '=> nothing', which is no requirement"),
        (f"fake-old>={'1' * 5000}", "requires"),
    ],
)
def test_what_is_not_met_has_a_reason(requirement, reason, versions):
    told = [why for _, why in unmet([requirement], ["used"])]
    assert len(told) == bool(reason)
    assert all(why.startswith(reason) and len(why) < 200 for why in told)
