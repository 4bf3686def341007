"""What a check steps is an optimizer with the config in its place."""

from __future__ import annotations

import pytest

from optiplug import registry
from optiplug.testing.subjects import Descent, DescentConfig, alone, optimizer_of
from support.single_steps import stepped


def test_each_kind_has_its_place():
    schedule = registry.get("schedules", "constant")(value=0.5)
    processor = registry.get("processors", "ema")()
    sgd = registry.get("optimizers", "sgd")(learning_rate=0.5)

    assert optimizer_of(schedule).config.learning_rate == schedule
    assert optimizer_of(processor).config.processors == (processor,)
    assert optimizer_of(sgd).config == sgd
    assert type(optimizer_of(schedule)) is type(optimizer_of(processor)) is Descent
    assert not optimizer_of(sgd, jit_compile=False).config.jit_compile


def test_alone_leaves_out_what_processors_do():
    config = DescentConfig(learning_rate=0.5, weight_decay=0.1, use_ema=True, processors=["monitor"])

    assert alone(config) == DescentConfig(learning_rate=0.5, weight_decay=0.0)


def test_descent_goes_down_the_gradient():
    assert stepped(Descent(learning_rate=0.5), 1.0, 2.0).numpy() == pytest.approx(0.5)
