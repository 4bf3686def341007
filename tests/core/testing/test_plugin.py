"""The fixtures of the pytest plugin."""

from __future__ import annotations

import pytest

from optiplug import ScheduleConfig, UnknownPluginError, registry


class FlatConfig(ScheduleConfig):
    """Flat."""

    implementation = "nowhere:Flat"


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_is_registered_is_gone_after_each_test(registered, time):
    with pytest.raises(UnknownPluginError):
        registry.get("schedules", "flat")
    registered(FlatConfig)
    assert registry.get("schedules", "flat") is FlatConfig
