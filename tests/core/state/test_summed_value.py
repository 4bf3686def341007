"""State of which each replica has a summand."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.checkpoint import Checkpoints
from support.strategies import mirrored


class SumConfig(optiplug.ProcessorConfig):
    """Hold back gradients, each replica its own."""

    initial: float | str = -1.0


class Sum(optiplug.Processor):
    """Add gradients up while `count` is below 2, where -1 is nothing."""

    Config = SumConfig
    before_sum = True

    def build(self, variables):
        super().build(variables)
        self.held = self.add_slot("held", initial=self.config.initial, summed_while="count")
        self.count = self.add_state("count", dtype="int64")

    @optiplug.hookimpl
    def gate(self, gradients, step):
        self.count.assign_add(1)
        for gradient, variable in zip(gradients, step.variables, strict=True):
            held = self.held[variable]
            held.assign(tf.where(tf.equal(held.value, -1.0), 0.0, held.value) + gradient)
        return gradients, tf.constant(False)


SumConfig.implementation = Sum
PLACES = {"one": tf.distribute.get_strategy, "two": lambda: mirrored(2), "four": lambda: mirrored(4)}


class Run:
    """Two small variables, which are joined, and one gradient for each from each replica."""

    def __init__(self, place, **config):
        self.strategy = PLACES[place]()
        with self.strategy.scope():
            self.variables = [tf.Variable(tf.zeros(size), name=f"of_{size}") for size in (2, 3)]
            self.optimizer = optiplug.create("sgd", processors=[Sum(**config)])
            self.optimizer.build(self.variables)

    def step(self, only=2):
        replicas = self.strategy.num_replicas_in_sync

        def replica():
            part = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group + 1, tf.float32)
            parts = replicas * (replicas + 1) / 2
            given = [part * tf.range(1.0, 1.0 + each.shape[0]) / parts for each in self.variables]
            self.optimizer.apply_gradients(list(zip(given, self.variables, strict=True))[:only])

        self.strategy.run(replica)
        return self

    @property
    def held(self):
        states = self.optimizer.state.states
        return [states[f"sum/held/of_{size}"].numpy() for size in (2, 3)]


@pytest.mark.parametrize("place", PLACES)
def test_its_value_is_the_sum_of_all_replicas(place):
    run = Run(place)
    np.testing.assert_array_equal(run.held[0], [-1.0, -1.0])
    for one, other in zip(run.step().held, ([1.0, 2.0], [1.0, 2.0, 3.0]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Variables without gradient")
def test_nothing_on_every_replica_is_nothing():
    run = Run("two")
    run.strategy.run(
        lambda: run.optimizer.apply_gradients([(tf.ones(2), run.variables[0]), (None, run.variables[1])])
    )
    np.testing.assert_array_equal(run.held[1], [-1.0] * 3)


@pytest.mark.parametrize("to", PLACES)
def test_it_is_saved_and_restored_as_one(to, tmp_path):
    """By TensorFlow, by the library of checkpoints, and by name."""
    source, store = Run("two").step(), {}
    values = {"optimizer": source.optimizer, "variables": source.variables}
    path = tf.train.Checkpoint(**values).write(str(tmp_path / "saved"))
    with Checkpoints(tmp_path / "steps", values) as saved:
        saved.save(1)
    source.optimizer.save_own_variables(store)
    for way in ("file", "step", "name"):
        target = Run(to)
        values = {"optimizer": target.optimizer, "variables": target.variables}
        if way == "file":
            tf.train.Checkpoint(**values).read(path).assert_consumed()
        elif way == "step":
            Checkpoints(tmp_path / "steps", values).restore()
        else:
            target.optimizer.load_own_variables(store)
        for one, other in zip(target.held, source.held, strict=True):
            np.testing.assert_array_equal(one, other)
    # All of it is with the first replica.
    states = target.optimizer.state.states["sum/held/of_2"].components
    for each in states[1:]:
        np.testing.assert_array_equal(each.numpy(), [-1.0, -1.0])


def test_it_must_begin_as_a_number():
    with pytest.raises(optiplug.BuildError, match=r"sum/held/of_2: what is summed .* must begin as a number"):
        Run("two", initial="variable")


def test_a_saved_model_cannot_have_it_while_it_is_spread(tmp_path):
    run = Run("two")
    module = tf.Module()
    module.optimizer = run.optimizer
    tf.saved_model.save(module, str(tmp_path / "nothing"))
    run.step()
    with pytest.raises(
        optiplug.StateError, match=r"cannot have what each replica holds back .*after the last"
    ):
        tf.saved_model.save(module, str(tmp_path / "held"))
