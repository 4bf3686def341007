"""Plugins without TensorFlow whose stages `optiplug explain` tells, and a file that uses them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["TEXT", "explained", "install_plugins"]

CONFIGS = '''
from optiplug import OptimizerConfig, ProcessorConfig, ScheduleConfig, NonNegativeScalar

class Swift(OptimizerConfig):
    """An optimizer."""
    implementation = "fake_hooks:Early"
    learning_rate: NonNegativeScalar = 0.5
    inner: OptimizerConfig | None = None

class Ramp(ScheduleConfig):
    """A schedule."""
    implementation = "fake_hooks:Ramp"
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

class Ramp: ...

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


def install_plugins(install: Any) -> None:
    """Install them; the implementations do without TensorFlow."""
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


def explained(run: Any, path: Any) -> Any:
    """Return what the command tells of a file, as JSON."""
    result = run("explain", path, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)
