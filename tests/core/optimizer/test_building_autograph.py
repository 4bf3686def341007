"""AutoGraph leaves `build` alone, which is called where a function is traced."""

import pytest
import tensorflow as tf
from tensorflow.python.autograph.core import config
from tensorflow.python.autograph.impl import api, conversion
from tensorflow.python.autograph.pyct import cache

import optiplug


@pytest.fixture
def converted(monkeypatch):
    """The names of what AutoGraph converts."""
    names, convert = [], api._convert_actual

    def note(entity, context):
        names.append(f"{entity.__module__}.{entity.__qualname__}")
        return convert(entity, context)

    monkeypatch.setattr(api, "_convert_actual", note)
    # A class written for Keras, in an earlier test, may have kept all of optiplug from being converted.
    rules = [rule for rule in config.CONVERSION_RULES if "optiplug" not in str(rule)]
    monkeypatch.setattr(config, "CONVERSION_RULES", rules)
    monkeypatch.setattr(conversion, "_ALLOWLIST_CACHE", cache.UnboundInstanceCache())
    return names


def of_build(names):
    rooms = ("optiplug._state.", "optiplug._step.", "optiplug._config.")
    return [name for name in names if name.startswith(rooms) or name.endswith(("build", ".add_slot"))]


class Kept(optiplug.Optimizer):
    """A class of a user's own, with a `build` of its own."""

    def build(self, var_list):
        super().build(var_list)
        self.kept = self.add_slot("kept")

    def update_step(self, gradient, variable):
        variable.assign_sub(gradient)


def adam(**given):
    return optiplug.create("adam", **given)


@pytest.mark.parametrize("make", [adam, Kept])
@pytest.mark.parametrize("directly", [True, False])
def test_build_is_not_converted(directly, make, converted):
    weight, optimizer = tf.Variable(1.0), make(processors=["loss_scale"])

    @tf.function
    def step():
        if directly:
            optimizer.build([weight])
        optimizer.minimize(lambda: weight**2, [weight])

    step()
    assert any(name.endswith(".minimize") for name in converted)
    assert of_build(converted) == []
