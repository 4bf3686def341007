"""Every value of a config has its origin."""

from __future__ import annotations

import json

import pytest

CONFIGS = '''
from optiplug import OptimizerConfig, ProcessorConfig, ScheduleConfig, NonNegativeScalar

class Swift(OptimizerConfig):
    """An optimizer."""
    implementation = "fake_hooks:Early"
    learning_rate: NonNegativeScalar = 0.5
    inner: OptimizerConfig | None = None

class Ramp(ScheduleConfig):
    """A schedule."""
    implementation = "nowhere:Ramp"
    height: float = 2.0

class Early(ProcessorConfig):
    """A processor."""
    implementation = "fake_hooks:Early"

class Late(ProcessorConfig):
    """A processor."""
    implementation = "fake_hooks:Late"
    size: int = 3
'''
HOOKS = """
from optiplug import hookimpl

class Early:
    @hookimpl
    def update(self, updates, step): ...

    @hookimpl
    def clip(self, gradients, step): ...

    def decay(self, gradients, step): ...

class Late(Early):
    @hookimpl
    def gate(self, gradients, step): ...
"""
TEXT = """\
use: swift
learning_rate: {use: ramp}
processors:
  - late
  - use: early
    name: first
  - use: late
    size: 4
"""


@pytest.fixture
def swift(install):
    """Plugins whose implementations do without TensorFlow."""
    install(
        "fake-swift",
        "1.4",
        points={
            "optimizers": {"swift": "fake_swift:Swift"},
            "schedules": {"ramp": "fake_swift:Ramp"},
            "processors": {"early": "fake_swift:Early", "late": "fake_swift:Late"},
        },
        modules={"fake_swift": CONFIGS, "fake_hooks": HOOKS},
    )


def explained(run, path):
    result = run("explain", path, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


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
