"""Every value of a config has its origin."""

from __future__ import annotations

import pytest

from support.explained_plugins import TEXT, explained, install_plugins


@pytest.fixture
def swift(install):
    install_plugins(install)


def test_every_value_has_its_origin(run, write, swift):
    path = write(TEXT)
    told = explained(run, path)
    assert told["plugin"]["name"] == "swift"
    values = {
        each["path"]: (each["value"], each["origin"].removeprefix(f"{path}:")) for each in told["values"]
    }
    assert values["use"] == ("swift", "1:6")
    assert values["learning_rate.use"] == ("ramp", "2:22")
    assert values["learning_rate.height"] == (2.0, "default")
    assert values["processors[0].use"] == ("late", "4:5")
    assert values["processors[0].size"] == (3, "default")
    assert values["processors[1].name"] == ("first", "6:11")
    assert values["processors[2].size"] == (4, "8:11")
    assert values["clipnorm"] == (None, "default")
    assert values["exclude_from_weight_decay"] == ([], "default")
