"""A formula that mixes the elements of a share is refused when it is traced, whatever it promises."""

import pytest
import tensorflow as tf

import optiplug
from optiplug import HookError
from support.strategies import mirrored


class OwnConfig(optiplug.ProcessorConfig):
    elementwise = True


class Normed(optiplug.Processor):
    """Says that it treats every element alike, and adds them up."""

    Config = OwnConfig

    @optiplug.hookimpl
    def update(self, updates, step):
        return [update / tf.norm(update) for update in updates]


class Counted(Normed):
    Config = OwnConfig

    def build(self, variables):
        super().build(variables)
        self.first = self.add_state("first", shape=(8256,))

    @optiplug.hookimpl
    def update(self, updates, step):
        self.first.assign(updates[0])
        return updates


class Averaged(Normed):
    Config = OwnConfig

    def build(self, variables):
        super().build(variables)
        self.average = self.add_slot("average")

    @optiplug.hookimpl
    def update(self, updates, step):
        for update, variable in zip(updates, step.variables, strict=True):
            self.average[variable].assign(0.5 * self.average[variable] + update)
        return [self.average[variable] * tf.reduce_max(self.average[variable]) for variable in step.variables]


class Shaped(Normed):
    """Asks for shapes only, and is right."""

    Config = OwnConfig

    @optiplug.hookimpl
    def update(self, updates, step):
        return [tf.where(tf.size(update) > 0, update, tf.zeros(tf.shape(update))) for update in updates]


def step_with(processor, replicas=2):
    strategy = mirrored(replicas)
    with strategy.scope():
        variable = tf.Variable(tf.ones([129, 128]))
        optimizer = optiplug.create("sgd", processors=[processor], sharded_state=True)
    strategy.run(lambda: optimizer.apply_gradients([(tf.ones([129, 128]) * 1.0, variable)]))
    return variable


@pytest.mark.parametrize(
    ("processor", "told"), [(Normed, "by itself"), (Averaged, "by itself"), (Counted, "first")]
)
def test_what_mixes_elements_is_refused(processor, told):
    with pytest.raises(HookError, match=told) as caught:
        step_with(processor())
    assert "sharded_state" in str(caught.value)


def test_a_shape_tells_nothing_of_elements():
    assert float(step_with(Shaped())[3, 3]) < 1
