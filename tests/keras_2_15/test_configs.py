"""The two methods about configs; see test_methods.py."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_sgd.sgd import SGD
from support.single_steps import stepped


class Halved(tf_keras.optimizers.schedules.LearningRateSchedule):
    """A user's own schedule, in the way of Keras."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / 2.0 ** tf.cast(step, tf.float32)

    def get_config(self):
        return {"start": self.start}


def test_from_config(sgd):
    """Creates an optimizer from what `get_config` returned, with the classes that `custom_objects` names.

    Differs: what tf_keras returned is understood too; `custom_objects` may also map a name after `use` to a
    Config, a class with one, or a class with hooks.
    """
    optimizer = sgd(0.5, momentum=0.9, nesterov=True, clipnorm=1.0, weight_decay=0.25, name="again")
    config = optimizer.get_config()
    assert sgd.from_config(config).get_config() == config
    config = tf_keras.optimizers.SGD(Halved(1.0)).get_config()
    assert stepped(sgd.from_config(config, custom_objects={"Halved": Halved}), 1.0, 1.0) == 0.5


def test_from_config_of_tf_keras():
    schedules = tf_keras.optimizers.schedules
    for rate in (0.25, schedules.CosineDecay(0.25, 10), schedules.PolynomialDecay(0.25, 10)):
        theirs = tf_keras.optimizers.SGD(rate, momentum=0.5, use_ema=True, clipvalue=1.0)
        ours = SGD.from_config(theirs.get_config())
        gradients = [0.5, 2.0, 1.0]
        np.testing.assert_allclose(stepped(ours, *gradients), stepped(theirs, *gradients), rtol=1e-6)
        assert ours.config.clipvalue == 1.0


@pytest.mark.parametrize(
    "rate", [{"class_name": ["CosineDecay"]}, {"class_name": "CosineDecay"}, {"class_name": "X"}]
)
def test_from_config_of_a_broken_schedule(rate):
    with pytest.raises(optiplug.ConfigError, match="learning_rate: must say which plugin to `use`"):
        SGD.from_config({"learning_rate": rate})


class Third(optiplug.Schedule):
    """A schedule with a Config, which no registry knows."""

    class Config(optiplug.ScheduleConfig):
        """Divide by three."""

        implementation = "set below"
        start: float

    def value(self, step):
        return self.config.start / 3.0**step


Third.Config.implementation = Third


class Negate:
    """A hook without a Config."""

    @optiplug.hookimpl
    def clip(self, gradients):
        return [-gradient for gradient in gradients]


def test_from_config_with_custom_objects_that_no_registry_knows():
    config = {
        "use": "sgd",
        "learning_rate": {"use": "third", "start": 1.0},
        "processors": [{"use": "negate"}],
    }
    with pytest.raises(optiplug.ConfigError, match="third"):
        SGD.from_config(config)
    optimizer = SGD.from_config(config, custom_objects={"third": Third, "negate": Negate, "Dense": object})
    np.testing.assert_allclose(stepped(optimizer, 1.0, 1.0), 2.0 + 1.0 + 1.0 / 3.0, rtol=1e-6)
    assert config["processors"] == [{"use": "negate"}]
    assert "third" not in {entry.name for entry in optiplug.registry.entries()}


def test_get_config(sgd):
    """Returns every hyperparameter, with the learning rate as it is now.

    Differs: plain JSON values, a schedule or processor by its registered name; what can be said in code only,
    such as a function, is a ConfigError and not lost.
    """
    given = {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25, "clipvalue": 1.0, "use_ema": True}
    given |= {"ema_momentum": 0.5, "ema_overwrite_frequency": 3, "clipnorm": None, "name": "it"}
    optimizer = sgd(0.25, jit_compile=False, **given)
    optimizer.learning_rate = 0.5
    config = optimizer.get_config()
    assert (
        config.items()
        >= {**given, "learning_rate": 0.5, "global_clipnorm": None, "jit_compile": False}.items()
    )


KERAS_SCHEDULES = {
    "CosineDecay": (0.25, 10),
    "CosineDecayRestarts": (0.25, 10),
    "ExponentialDecay": (0.25, 10, 0.5),
    "InverseTimeDecay": (0.25, 10, 0.5),
    "PiecewiseConstantDecay": ([1, 2], [1.0, 0.5, 0.25]),
    "PolynomialDecay": (0.25, 10),
}


@pytest.mark.parametrize("library", ["tf_keras", "keras"])
@pytest.mark.parametrize("schedule", KERAS_SCHEDULES)
def test_get_config_of_a_keras_schedule(schedule, library):
    keras = pytest.importorskip(library)
    rate = getattr(keras.optimizers.schedules, schedule)(*KERAS_SCHEDULES[schedule])
    optimizer = SGD(rate, weight_decay=rate)
    config = json.loads(json.dumps(optimizer.get_config(), allow_nan=False))
    assert SGD.from_config(config).get_config() == config
    for step in range(12):
        np.testing.assert_allclose(
            optimizer.config.learning_rate.create()(step), rate(tf.constant(step)), rtol=1e-6, atol=1e-9
        )


def test_get_config_says_what_can_be_used_in_code_only():
    for rate in (lambda: 0.5, Halved(0.5)):
        optimizer = SGD(rate)
        assert stepped(optimizer, 1.0) == 1.5
        with pytest.raises(optiplug.ConfigError, match=r"learning_rate: can be used in code only.*register"):
            optimizer.get_config()


def test_get_config_of_a_keras_class_with_a_schedule(base):
    class Scheduled(base):
        def __init__(self, learning_rate=0.1, name="scheduled", **kwargs):
            super().__init__(name=name, **kwargs)
            self._learning_rate = self._build_learning_rate(learning_rate)

        def update_step(self, gradient, variable):
            variable.assign_sub(tf.cast(self.learning_rate, variable.dtype) * gradient)

        def build(self, var_list):
            super().build(var_list)

        def get_config(self):
            rate = self._serialize_hyperparameter(self._learning_rate)
            return {**super().get_config(), "learning_rate": rate}

    optimizer = Scheduled(
        tf_keras.optimizers.schedules.PiecewiseConstantDecay([1], [1.0, 0.5]), weight_decay=0.0
    )
    again = Scheduled.from_config(optimizer.get_config())
    assert stepped(again, 1.0, 1.0, 1.0) == -0.5
    assert again.get_config() == optimizer.get_config()
