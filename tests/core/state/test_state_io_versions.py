"""State of an older version of a plugin is migrated; that of a newer one is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_processors.ema import EMA
from optiplug_sgd.sgd import SGD
from support.crafted_checkpoints import Text, node
from support.optimizer_states import assert_same_state, checkpoint, model, stored


class VersionedConfig(optiplug.OptimizerConfig):
    """Version 2 calls velocity what version 1 called speed, and counts."""

    implementation = SGD  # never created through the config
    state_version = 2
    learning_rate: float = 0.1

    @classmethod
    def migrate_state(cls, version, values):
        renamed = {name.replace("speed/", "velocity/"): value for name, value in values.items()}
        return {**renamed, "count": np.int64(version)}


class Versioned(optiplug.Optimizer):
    Config = VersionedConfig

    def build(self, var_list):
        super().build(var_list)
        self.velocity = self.add_slot("velocity")
        self.count = self.add_state("count", dtype="int64")

    def update_step(self, gradient, variable):
        self.velocity[variable].assign_add(gradient)
        variable.assign_sub(self.velocity[variable])


class EarlierConfig(optiplug.OptimizerConfig):
    """Version 1."""

    implementation = SGD
    learning_rate: float = 0.1


class Earlier(Versioned):
    Config = EarlierConfig

    def build(self, var_list):
        optiplug.Optimizer.build(self, var_list)
        self.velocity = self.add_slot("speed")


class AverageConfig(EMA.Config):
    """An average of which the second version doubles the numbers."""

    state_version = 2

    @classmethod
    def migrate_state(cls, version, values):
        assert (version, set(values)) == (1, {"average/kernel", "average/bias"})
        return {name: 2 * value for name, value in values.items()}


class Average(EMA):
    Config = AverageConfig


def built(cls, processor=EMA, steps=1):
    variables, optimizer = model(), cls(processors=[processor(momentum=0.5, name="ema")])
    optimizer.build(variables)
    for _ in range(steps):
        optimizer.apply_gradients([(each * 0.1, each) for each in variables])
    return optimizer


def test_the_version_is_saved_unless_it_is_the_first():
    assert "state_version" not in stored(built(Earlier))
    store = stored(built(Versioned, Average))
    assert (store["state_version"], store["ema/state_version"]) == (2, 2)
    target = built(Versioned, Average, steps=2)
    target.load_own_variables(store)
    assert_same_state(stored(target), store)


def test_an_older_version_is_migrated():
    old = stored(built(Earlier))
    target = built(Versioned, Average, steps=2)
    target.load_own_variables(old)
    np.testing.assert_array_equal(target.state.states["velocity/bias"], old["speed/bias"])
    np.testing.assert_array_equal(target.state.states["ema/average/bias"], 2 * old["ema/average/bias"])
    assert int(target.count.numpy()) == 1


def test_a_newer_version_is_refused():
    target = built(Earlier, steps=2)
    before = stored(target)
    with pytest.raises(optiplug.StateError, match="version 2, newer than version 1 of EarlierConfig"):
        target.load_own_variables(stored(built(Versioned)))
    assert_same_state(stored(target), before)


def test_an_older_version_without_migration_is_refused():
    class Changed(AverageConfig):
        """No way back."""

        migrate_state = classmethod(optiplug.ProcessorConfig.migrate_state.__func__)

    class ChangedAverage(EMA):
        Config = Changed

    target = built(Earlier, ChangedAverage, steps=2)
    before = stored(target)
    with pytest.raises(optiplug.StateError, match="version 1 cannot be read by version 2 of Changed"):
        target.load_own_variables(stored(built(Earlier)))
    assert_same_state(stored(target), before)


def test_a_migration_that_does_not_fit_changes_nothing():
    class Wrong(VersionedConfig):
        """Forgets everything."""

        @classmethod
        def migrate_state(cls, version, values):
            return {} if version == 1 else values

    class WrongVersioned(Versioned):
        Config = Wrong

    target = built(WrongVersioned, steps=2)
    before = stored(target)
    with pytest.raises(optiplug.StateError, match=r"iterations\s+-\s+int64 \(\)"):
        target.load_own_variables(stored(built(Earlier)))
    assert_same_state(stored(target), before)


def test_versions_are_checked_before_anything_is_restored(tmp_path):
    old, new = built(Earlier), built(Versioned)
    paths = [checkpoint(each).write(tmp_path / str(number)) for number, each in enumerate((old, new))]
    for target, path, match in [
        (Versioned(), paths[0], "version 1, older than version 2"),
        (built(Earlier, steps=2), paths[1], "version 2, newer than version 1"),
        (Earlier(), paths[1], "version 2, newer than version 1"),
    ]:
        before = stored(target)
        with pytest.raises(optiplug.StateError, match=match):
            checkpoint(target).read(path)
        assert_same_state(stored(target), before)


def test_a_checkpoint_of_an_older_version_is_migrated(tmp_path):
    old = built(Earlier)
    target = built(Versioned, Average, steps=2)

    checkpoint(target).read(checkpoint(old).write(tmp_path / "checkpoint")).expect_partial()

    np.testing.assert_array_equal(target.state.states["velocity/bias"], stored(old)["speed/bias"])
    np.testing.assert_array_equal(
        target.state.states["ema/average/bias"], 2 * stored(old)["ema/average/bias"]
    )
    assert int(target.count.numpy()) == int(target.iterations) == 1


def test_read_state_of_an_older_version_is_migrated(tmp_path):
    old = built(Earlier)
    target = built(Versioned, steps=2)
    target.load_own_variables(optiplug.read_state(checkpoint(old).write(tmp_path / "checkpoint")))
    np.testing.assert_array_equal(target.state.states["velocity/bias"], stored(old)["speed/bias"])
    again = optiplug.read_state(checkpoint(target).write(tmp_path / "again"))
    assert again["state_version"] == 2


@pytest.mark.parametrize("error", [KeyError("speed"), RuntimeError("a fault")])
def test_a_fault_of_a_migration_changes_nothing(monkeypatch, error):
    def migrate_state(version, values):
        raise error

    target = built(Versioned, steps=2)
    before = stored(target)
    monkeypatch.setattr(VersionedConfig, "migrate_state", migrate_state)
    with pytest.raises(optiplug.StateError, match=f"of version 1: {type(error).__name__}"):
        target.load_own_variables(stored(built(Earlier)))
    assert_same_state(stored(target), before)


def test_state_whose_version_is_not_told_is_the_first(tmp_path):
    path = checkpoint(built(Versioned)).write(tmp_path / "checkpoint")
    tree, description = read_tree(path)
    del description["versions"][""]
    crafted = checkpoint(node(state=node(by_name=tree), manifest=Text(json.dumps(description))))
    target = built(Versioned, steps=2)
    checkpoint(target).read(crafted.write(tmp_path / "crafted")).expect_partial()
    assert stored(target)["count"] == 1  # what a migration of version 1 sets


def test_migrated_state_follows_its_variable(tmp_path):
    first, second = tf.Variable([1.0, 2.0], name="first"), tf.Variable([3.0, 4.0], name="second")
    optimizer = Earlier()
    optimizer.build([first, second])
    for each in (first, second):
        optimizer.velocity[each].assign(2 * each.read_value())
    path = tf.train.Checkpoint(optimizer=optimizer, one=first, two=second).write(tmp_path / "checkpoint")
    one, two = tf.Variable([0.0, 0.0], name="second"), tf.Variable([0.0, 0.0], name="first")
    target = Versioned()
    target.build([one, two])

    tf.train.Checkpoint(optimizer=target, one=one, two=two).read(path).expect_partial()

    assert target.velocity[one].numpy().tolist() == [2.0, 4.0]
    assert target.velocity[two].numpy().tolist() == [6.0, 8.0]


def read_tree(path):
    """Return variables with all state in a checkpoint, and its description."""
    reader, lead = tf.train.load_checkpoint(path), "optimizer/state/by_name/"
    keys = [key for key in reader.get_variable_to_shape_map() if key.startswith(lead)]
    names = {key: key.removeprefix(lead).partition("/.ATTR")[0].replace(".S", "/") for key in keys}
    description = json.loads(reader.get_tensor("optimizer/manifest/.ATTRIBUTES/py_state"))
    return {name: tf.Variable(reader.get_tensor(key)) for key, name in names.items()}, description
