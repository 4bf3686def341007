"""Every optimizer gets down what it is there to get down."""

from __future__ import annotations

import pytest

import optiplug
from optiplug import registry
from support.landscapes import LANDSCAPES, lowest

CONFIGS = [config(**config.example) for config in map(registry.load, registry.entries("optimizers"))]


@pytest.mark.sampled(13)
@pytest.mark.parametrize("landscape", LANDSCAPES)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.dump()["use"])
def test_converges(config, landscape):
    assert lowest(config, LANDSCAPES[landscape]) <= LANDSCAPES[landscape].goal


@pytest.mark.slow
def test_what_climbs_does_not_converge(registered):
    class AscentConfig(optiplug.OptimizerConfig):
        """Climbs."""

        learning_rate: optiplug.NonNegativeScalar = 0.1

    @registered
    class Ascent(optiplug.Optimizer):
        Config = AscentConfig

        def update_step(self, gradient, variable):
            variable.assign_add(self.rate(variable) * gradient)

    for landscape in LANDSCAPES.values():
        assert lowest(AscentConfig(), landscape) > 1
