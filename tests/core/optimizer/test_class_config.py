"""The config of classes that have none of their own."""

from __future__ import annotations

import optiplug
from optiplug._optimizer.class_config import ClassConfig


class Bare(optiplug.Optimizer):
    """Has no Config."""

    def update_step(self, gradient, variable):
        variable.assign_sub(gradient)


def test_a_class_without_a_config_has_the_fields_that_all_share():
    optimizer = Bare("bare", clipnorm=1.0)
    assert type(optimizer.config) is ClassConfig is Bare.Config
    assert set(ClassConfig.model_fields) == set(optiplug.OptimizerConfig.model_fields)
    assert (optimizer.name, optimizer.config.clipnorm) == ("bare", 1.0)
