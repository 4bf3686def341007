"""State that fits is loaded by name; state that does not is refused as a whole."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_adam.adam import Adam
from optiplug_processors.ema import EMA
from optiplug_sgd.sgd import SGD

FULL = {"learning_rate": 0.1, "use_ema": True, "jit_compile": False}


def model():
    return [tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="kernel"), tf.Variable([5.0, 6.0], name="bias")]


def trained(steps=3, **changes):
    variables, optimizer = model(), Adam(**{**FULL, **changes})
    optimizer.build(variables)
    for step in range(steps):
        optimizer.apply_gradients([(each * 0.1 + step, each) for each in variables])
    return optimizer, variables


def stored(optimizer):
    store = {}
    optimizer.save_own_variables(store)
    return store


def assert_same(one, other):
    assert list(one) == list(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


WITHOUT = object()

# What is done to a store, and the row of the table that it leads to.
BROKEN = {
    "missing": ({"momentum/bias": WITHOUT}, ("momentum/bias", "-", "float32 (2,)")),
    "extra": ({"momentum/other": np.zeros(2, "float32")}, ("momentum/other", "float32 (2,)", "-")),
    "reshaped": (
        {"momentum/kernel": np.zeros(4, "float32")},
        ("momentum/kernel", "float32 (4,)", "float32 (2, 2)"),
    ),
    "another dtype": ({"momentum/bias": np.zeros(2)}, ("momentum/bias", "float64 (2,)", "float32 (2,)")),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_does_not_fit_is_told_in_a_table_and_nothing_is_changed(kind):
    changes, row = BROKEN[kind]
    store = {**stored(trained()[0]), **changes}
    optimizer, _ = trained(steps=1)
    before = stored(optimizer)
    with pytest.raises(optiplug.StateError, match="nothing was changed") as caught:
        optimizer.load_own_variables({key: value for key, value in store.items() if value is not WITHOUT})
    assert caught.value.differences == (row,)
    assert re.search(r"\s+".join(map(re.escape, row)), str(caught.value))
    assert_same(stored(optimizer), before)


def test_all_differences_are_told_at_once():
    with pytest.raises(optiplug.StateError) as caught:
        trained(amsgrad=True)[0].load_own_variables(stored(SGD(0.1)))
    assert len(caught.value.differences) == 10
    assert str(caught.value).count("\n") == 11


def test_a_long_table_is_cut():
    store = {f"state {number}": np.zeros(1) for number in range(1000)}
    with pytest.raises(optiplug.StateError, match=r"\.\.\. and \d+ more") as caught:
        trained()[0].load_own_variables(store)
    assert len(caught.value.differences) > 1000
    assert len(str(caught.value)) < 3000


def test_a_store_in_another_order_lands_by_name():
    source, target = trained()[0], trained(steps=1)[0]
    store = stored(source)
    target.load_own_variables({name: store[name] for name in reversed(store)})
    assert_same(stored(target), store)


def test_swapped_slots_are_the_reason_to_load_by_name():
    """Momentum and second moment have one shape: only their names tell them apart."""
    source = trained()[0]
    store = stored(source)
    names = list(store)
    first, second = names.index("momentum/bias"), names.index("second_moment/bias")
    names[first], names[second] = names[second], names[first]

    by_name, by_position = trained(steps=1)[0], trained(steps=1)[0]
    by_name.load_own_variables({name: store[name] for name in names})
    by_position.set_weights([store[name] for name in names])

    assert_same(stored(by_name), store)
    np.testing.assert_array_equal(by_position.state.states["momentum/bias"], store["second_moment/bias"])


def test_set_weights_checks_number_and_shapes():
    optimizer, _ = trained(steps=1)
    before = stored(optimizer)
    weights = list(before.values())
    for broken, row in [
        (weights[:-1], ("second_moment/bias", "-", "float32 (2,)")),
        ([*weights, np.zeros(3)], (f"weight {len(weights)}", "float64 (3,)", "-")),
        ([*weights[:-1], np.zeros(3)], ("second_moment/bias", "float64 (3,)", "float32 (2,)")),
    ]:
        with pytest.raises(optiplug.StateError) as caught:
            optimizer.set_weights([np.int64(77), *broken[1:]])
        assert caught.value.differences == (row,)
        assert_same(stored(optimizer), before)


def test_numbered_state_of_keras_is_sent_to_convert():
    with pytest.raises(optiplug.StateError, match=r"optiplug\.convert"):
        trained()[0].load_own_variables({"0": np.int64(1), "1": np.zeros(2)})


def test_an_optimizer_that_is_not_built_says_so():
    with pytest.raises(optiplug.StateError, match="build the optimizer with the model's variables first"):
        Adam(**FULL).load_own_variables(stored(trained()[0]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64"])
def test_every_dtype_comes_back_as_it_was(dtype):
    def built(value):
        variable = tf.Variable(tf.cast([value, 2.0], dtype), name="w")
        optimizer = SGD(0.1, momentum=0.9, use_ema=True)
        optimizer.apply_gradients([(variable * 0.5, variable)])
        return optimizer

    store = stored(built(1.0))
    target = built(3.0)
    target.load_own_variables(store)
    assert_same(stored(target), store)


# Versions of a plugin's state.


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
    assert_same(stored(target), store)


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
    assert_same(stored(target), before)


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
    assert_same(stored(target), before)


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
    assert_same(stored(target), before)


# The same in tf.train.Checkpoint.


def checkpoint(optimizer):
    return tf.train.Checkpoint(optimizer=optimizer)


OTHERS = {
    "a slot missing": ({"amsgrad": True}, ("second_moment_max/kernel", "-", "float32 (2, 2)")),
    "a slot too many": ({"use_ema": False}, ("ema/average/kernel", "float32 (2, 2)", "-")),
    "a schedule for a rate": ({"learning_rate": lambda: 0.1}, ("learning_rate", "float32 ()", "-")),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_checkpoint_of_another_config_changes_nothing(tmp_path, kind):
    changes, row = OTHERS[kind]
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    optimizer, _ = trained(steps=1, **changes)
    before = stored(optimizer)
    with pytest.raises(optiplug.StateError, match="nothing was changed") as caught:
        checkpoint(optimizer).read(path)
    assert row in caught.value.differences
    assert_same(stored(optimizer), before)


@pytest.mark.parametrize("kind", OTHERS)
def test_such_a_checkpoint_is_refused_at_build_too(tmp_path, kind):
    changes, row = OTHERS[kind]
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    optimizer = Adam(**{**FULL, **changes})
    checkpoint(optimizer).read(path).expect_partial()
    with pytest.raises(optiplug.StateError) as caught:
        optimizer.build(model())
    assert row in caught.value.differences
    assert "momentum/kernel" not in optimizer.state.states


@pytest.mark.parametrize("moment", ["before build", "after build"])
def test_a_model_of_another_shape(tmp_path, moment):
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    variables = [tf.Variable([1.0], name="kernel"), tf.Variable([5.0, 6.0], name="bias")]
    optimizer = Adam(**FULL)
    if moment == "before build":
        checkpoint(optimizer).read(path).expect_partial()
        with pytest.raises(optiplug.StateError) as caught:
            optimizer.build(variables)
    else:
        optimizer.build(variables)
        with pytest.raises(optiplug.StateError) as caught:
            checkpoint(optimizer).read(path)
    assert ("momentum/kernel", "float32 (2, 2)", "float32 (1,)") in caught.value.differences


def test_a_variable_that_appears_late_gets_its_saved_state(tmp_path):
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    for early in (0, 1):  # built with this many variables when the checkpoint is read
        optimizer, (kernel, bias) = Adam(**FULL), model()
        if early:
            optimizer.build([kernel])
        status = checkpoint(optimizer).read(path)
        optimizer.build([kernel])
        optimizer.build([kernel, bias])
        status.assert_consumed()
        saved = stored(trained()[0])
        loaded = stored(optimizer)
        assert saved.keys() == loaded.keys()
        for name, value in saved.items():
            np.testing.assert_array_equal(loaded[name], value)


def test_versions_are_checked_before_anything_is_restored(tmp_path):
    old, new = built(Earlier), built(Versioned)
    paths = [checkpoint(each).write(tmp_path / str(number)) for number, each in enumerate((old, new))]
    for target, path, match in [
        (built(Versioned, steps=2), paths[0], "version 1, older than version 2"),
        (built(Earlier, steps=2), paths[1], "version 2, newer than version 1"),
        (Earlier(), paths[1], "version 2, newer than version 1"),
    ]:
        before = stored(target)
        with pytest.raises(optiplug.StateError, match=match):
            checkpoint(target).read(path)
        assert_same(stored(target), before)


# State out of a checkpoint, without an optimizer.


def test_read_state_is_what_was_saved(tmp_path):
    source = trained()[0]
    path = checkpoint(source).write(tmp_path / "checkpoint")
    store = optiplug.read_state(path)
    saved = stored(source)
    assert store.keys() == saved.keys()
    target = trained(steps=1)[0]
    target.load_own_variables(store)
    assert_same(stored(target), saved)


def test_read_state_of_an_older_version_is_migrated(tmp_path):
    old = built(Earlier)
    target = built(Versioned, steps=2)
    target.load_own_variables(optiplug.read_state(checkpoint(old).write(tmp_path / "checkpoint")))
    np.testing.assert_array_equal(target.state.states["velocity/bias"], stored(old)["speed/bias"])
    again = optiplug.read_state(checkpoint(target).write(tmp_path / "again"))
    assert again["state_version"] == 2


def test_read_state_lets_a_config_change_in_the_middle_of_training(tmp_path):
    """An average is added: it starts with the variables as they are now."""
    source, variables = trained(use_ema=False)
    path = checkpoint(source).write(tmp_path / "checkpoint")
    target = Adam(**FULL)
    target.build(variables)
    target.load_own_variables({**stored(target), **optiplug.read_state(path)})
    np.testing.assert_array_equal(target.state.states["ema/average/bias"], variables[1])
    assert int(target.iterations) == 3


def test_read_state_of_one_of_several(tmp_path):
    first, second = trained()[0], trained(steps=1)[0]
    pair = tf.train.Checkpoint(generator=first, discriminator=second)
    pair.save(tmp_path / "checkpoint")
    with pytest.raises(optiplug.StateError, match=r"name one of \['discriminator', 'generator'\]"):
        optiplug.read_state(tmp_path)
    assert optiplug.read_state(tmp_path, "discriminator")["iterations"] == 1
    assert optiplug.read_state(tmp_path, "generator")["iterations"] == 3


def test_read_state_says_why_there_is_none(tmp_path):
    with pytest.raises(optiplug.StateError, match="there is no checkpoint that can be read"):
        optiplug.read_state(tmp_path / "nowhere")
    path = tf.train.Checkpoint(variable=tf.Variable(1.0)).write(tmp_path / "checkpoint")
    with pytest.raises(optiplug.StateError, match="it holds no state of an optimizer of optiplug"):
        optiplug.read_state(path)


@pytest.mark.parametrize("name", ["a.b/c", "a.S/c", "..", "dense.kernel.S"])
def test_read_state_undoes_the_names_of_checkpoints(tmp_path, name):
    variable, optimizer = tf.Variable(1.0, name=name.replace("..", "a..b")), SGD(0.1, momentum=0.9)
    optimizer.build([variable])
    path = checkpoint(optimizer).write(tmp_path / "checkpoint")
    assert set(optiplug.read_state(path)) == set(optimizer.state.states)


def test_the_manifest_is_plain_json(tmp_path):
    path = checkpoint(trained()[0]).write(tmp_path / "checkpoint")
    text = tf.train.load_checkpoint(path).get_tensor("optimizer/manifest/.ATTRIBUTES/py_state")
    manifest = json.loads(text)
    assert manifest["versions"] == {"": 1, "ema": 1}
    assert manifest["state"]["momentum/kernel"] == ["float32", [2, 2]]
