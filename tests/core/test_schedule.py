import inspect

import tensorflow as tf

from optiplug import Schedule, ScheduleConfig


class LineConfig(ScheduleConfig):
    """A straight line."""

    implementation = "nowhere:Line"

    slope: float = 0.5
    """Increase per step."""


class Line(Schedule):
    Config = LineConfig

    def value(self, step):
        return self.config.slope * step


def test_a_class_has_its_fields_and_is_called_with_a_step():
    assert list(inspect.signature(Line).parameters) == ["slope"]
    assert list(inspect.signature(Line()).parameters) == ["iteration", "dtype"]
    assert float(tf.function(Line(), autograph=False)(tf.constant(4))) == 2.0
