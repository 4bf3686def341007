"""A checkpoint knows no devices: it goes on elsewhere, bit for bit."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.strategies import central_storage, mirrored, on_each_replica, on_every_device

SHAPES = {"kernel": (3, 2), "bias": (2,), "scale": ()}
EVERYTHING = {
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 30},
    "amsgrad": True,
    "use_ema": True,
    "jit_compile": False,
    "processors": [{"use": "accumulate", "steps": 2}, {"use": "add_noise", "eta": 0.1}],
}
HALF, STEPS = 5, 9
PLACES = {
    "one": tf.distribute.get_strategy,
    "two": lambda: mirrored(2),
    "four": lambda: mirrored(4),
    "storage": central_storage,
}


class Run:
    """A model and its optimizer somewhere."""

    def __init__(self, place, build=True):
        self.strategy = PLACES[place]()
        with self.strategy.scope():
            self.variables = [
                tf.Variable(np.random.default_rng(1).normal(size=shape).astype("float32"), name=name)
                for name, shape in SHAPES.items()
            ]
            self.optimizer = optiplug.create("adam", **EVERYTHING)
            if build:
                self.optimizer.build(self.variables)
        self.checkpoint = tf.train.Checkpoint(model=self.variables, optimizer=self.optimizer)
        self.step = on_each_replica(self.strategy, self.replica_step, graph=True)

    def replica_step(self, gradients):
        self.optimizer.apply_gradients(zip(gradients, self.variables, strict=True))

    def train(self, first, last):
        """Apply gradients that are exact in every sum over replicas."""
        replicas = self.strategy.num_replicas_in_sync
        for number in range(first, last):
            generator = np.random.default_rng(number)
            whole = [np.round(generator.normal(size=shape) * 64) / 64 for shape in SHAPES.values()]
            self.step([[(value / replicas).astype("float32") for value in whole]] * replicas)
        return self

    def values(self):
        """Return variables and state, the same on each device."""
        every = on_every_device(self.strategy, [*self.variables, *self.optimizer.state.states.values()])
        for device in every[1:]:
            for one, other in zip(every[0], device, strict=True):
                np.testing.assert_array_equal(one, other)
        return every[0]


@pytest.fixture(scope="module")
def whole():
    return Run("one").train(0, STEPS).values()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the checkpoint of half a run at each place."""
    folder = tmp_path_factory.mktemp("saved")
    return {place: Run(place).train(0, HALF).checkpoint.write(folder / place) for place in PLACES}


@pytest.mark.slow
@pytest.mark.parametrize("build", [True, False], ids=["after build", "before build"])
@pytest.mark.parametrize(
    ("source", "target"),
    [("one", "two"), ("two", "one"), ("two", "two"), ("four", "one"), ("storage", "two")],
)
def test_training_goes_on_elsewhere(source, target, build, saved, whole):
    run = Run(target, build=build)
    status = run.checkpoint.read(saved[source])
    run.train(HALF, STEPS)
    status.assert_consumed()
    for value, expected in zip(run.values(), whole, strict=True):
        np.testing.assert_array_equal(value, expected)


def test_there_and_back(tmp_path, whole):
    run = Run("one").train(0, 3)
    for place, first, last in (("two", 3, 6), ("one", 6, STEPS)):
        path = run.checkpoint.write(tmp_path / f"checkpoint {first}")
        run = Run(place)
        run.checkpoint.read(path).assert_consumed()
        run.train(first, last)
    for value, expected in zip(run.values(), whole, strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.slow
def test_state_by_name_goes_elsewhere_too():
    store = {}
    source, target = Run("two").train(0, HALF), Run("four")
    source.optimizer.save_own_variables(store)
    target.optimizer.load_own_variables(store)
    state = slice(len(SHAPES), None)
    for value, expected in zip(target.values()[state], source.values()[state], strict=True):
        np.testing.assert_array_equal(value, expected)


def test_another_config_is_refused_on_mirrored_devices(saved):
    run = Run("two")
    with run.strategy.scope():
        other = optiplug.create("adam", use_ema=True)
        other.build(run.variables)
    with pytest.raises(optiplug.StateError, match=r"second_moment_max/bias\s+float32 \(2,\)\s+-"):
        tf.train.Checkpoint(optimizer=other).read(saved["one"])
    assert int(other.iterations.numpy()) == 0


@pytest.mark.slow
def test_a_manager_keeps_count_and_restores_the_newest(tmp_path):
    run = Run("two")
    manager = tf.train.CheckpointManager(
        run.checkpoint, tmp_path, max_to_keep=2, step_counter=run.optimizer.iterations, checkpoint_interval=2
    )
    for step in range(8):
        run.train(step, step + 1)
        manager.save()
    assert len(manager.checkpoints) == 2
    again = Run("one")
    tf.train.CheckpointManager(again.checkpoint, tmp_path, max_to_keep=2).restore_or_initialize()
    assert int(again.optimizer.iterations) == 4
