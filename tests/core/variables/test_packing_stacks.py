"""Variables of one shape come stacked to a formula for whole ones: nobody else sees it."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import parts_of
from optiplug._variables.packing import LARGEST_STACKED, LONGEST_STACK
from optiplug.checkpoint import Checkpoints
from optiplug_adam.adam import Adam

SHAPES = {"a": (4, 3), "b": (4, 3), "wide": (3, 4), "c": (4, 3), "bias": (3,), "gain": (3,)}
SOAP = {"precondition_frequency": 2, "jit_compile": False}


def variables(shapes=SHAPES):
    generator = np.random.default_rng(0)
    return {
        name: tf.Variable(tf.constant(generator.normal(size=shape), tf.float64), name=name)
        for name, shape in shapes.items()
    }


def train(optimizer, model, steps, seed=1, without=()):
    generator = np.random.default_rng(seed)
    for _ in range(steps):
        drawn = {name: tf.constant(generator.normal(size=each.shape)) for name, each in model.items()}
        pairs = [(drawn[name], each) for name, each in model.items() if name not in without]
        optimizer.apply_gradients(pairs)
    return optimizer


def members(optimizer):
    return [
        [each.name.removesuffix(":0") for each in pack.members] for pack in parts_of(optimizer).packing.packs
    ]


def everything(optimizer, model):
    states = {name: state.numpy() for name, state in optimizer.state.states.items()}
    return {name: each.numpy() for name, each in model.items()} | states


def assert_close(values, expected):
    assert list(values) == list(expected)
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_variables_of_one_shape_are_stacked():
    model, optimizer = variables(), optiplug.create("soap", **SOAP)
    optimizer.build(list(model.values()))
    assert members(optimizer) == [["a", "b", "c"], ["bias", "gain"]]
    created = {name: tuple(each.shape) for name, each in optimizer.state.created.items()}
    assert created["momentum/pack:0"] == (3, 4, 3)
    assert (created["basis_0/pack:0"], created["basis_1/pack:0"]) == ((3, 4, 4), (3, 3, 3))
    assert tuple(optimizer.state.states["basis_1/b"].shape) == (3, 3)
    np.testing.assert_array_equal(optimizer.state.states["basis_1/b"].numpy(), np.eye(3))


def test_a_stack_is_told_to_the_formula():
    class Told(optiplug.Optimizer):
        Config = type("ToldConfig", (optiplug.OptimizerConfig,), {"stackable": True})

        def update_step(self, gradient, variable):
            seen.append((variable.path, variable.stacked, tuple(gradient.shape)))

    seen = []
    train(Told("told", jit_compile=False), variables(), 1)
    assert seen == [("a", 3, (3, 4, 3)), ("wide", 0, (3, 4)), ("bias", 2, (2, 3))]


def test_what_differs_is_not_stacked():
    shapes = {**dict.fromkeys(("big", "large"), (2, LARGEST_STACKED // 2 + 1)), "noisy": (2, 2), "a": (2, 2)}
    noise = {"use": "add_noise", "eta": 0.1, "only": ["noisy"]}
    optimizer = optiplug.create("soap", processors=[noise], max_preconditioner_dim=4)
    optimizer.build(list(variables(shapes).values()))
    assert members(optimizer) == []


def test_a_stack_has_an_end():
    side = 256
    shapes = {f"v{place}": (side, side) for place in range(LONGEST_STACK // side**2 + 2)}
    optimizer = optiplug.create("soap", max_preconditioner_dim=4)
    optimizer.build([tf.Variable(tf.zeros(shape), name=name) for name, shape in shapes.items()])
    lengths = [len(each) for each in members(optimizer)]
    assert (len(lengths), sum(lengths)) == (2, len(shapes))
    assert max(lengths) - min(lengths) <= 1


def test_a_key_keeps_variables_of_one_shape_apart():
    optimizer = optiplug.create(
        "muon", output_axes={"[ac]": (0,)}, fallback={"use": "sgd", "learning_rate": 1.0}
    )
    optimizer.build(list(variables().values()))
    assert members(optimizer) == [["a", "c"], ["bias", "gain"]]


@pytest.mark.parametrize("late", ["b", "gain"])
def test_a_stack_whose_members_lack_gradients(late):
    def trained(stacked):
        model = variables()
        optimizer = optiplug.create("soap", pack_small_variables=stacked, use_ema=True, **SOAP)
        optimizer.build(list(model.values()))
        train(train(optimizer, model, 3), model, 3, seed=2, without=[late])
        return everything(train(optimizer, model, 2), model)

    assert_close(trained(True), trained(False))


def test_a_hook_with_state_of_another_shape_sees_variables():
    class Counts(optiplug.Processor):
        Config = type("CountsConfig", (optiplug.ProcessorConfig,), {"elementwise": True})

        def build(self, variables):
            super().build(variables)
            self.counts = self.add_slot("counts", shape=())

        @optiplug.hookimpl
        def clip(self, gradients, step):
            for variable in step.variables:
                self.counts[variable].assign_add(1.0)
                seen.add(variable.stacked)
            return gradients

    seen, model = set(), variables()
    optimizer = train(optiplug.create("soap", processors=[Counts()], **SOAP), model, 2)
    assert seen == {0}
    assert float(optimizer.state.states["counts/counts/b"].numpy()) == 2.0


@pytest.mark.parametrize("stacked", [False, True])
def test_files_know_nothing_of_stacks(stacked, tmp_path):
    def created(stacked):
        model = variables()
        optimizer = optiplug.create("soap", pack_small_variables=stacked, **SOAP)
        optimizer.build(list(model.values()))
        return optimizer, model

    first, model = created(stacked)
    train(first, model, 3)
    path = tf.train.Checkpoint(optimizer=first, **model).write(str(tmp_path / "checkpoint"))
    second, its = created(not stacked)
    tf.train.Checkpoint(optimizer=second, **its).read(path).assert_consumed()
    assert_close(everything(second, its), everything(first, model))
    third, _ = created(not stacked)
    store = {}
    first.save_own_variables(store)
    third.load_own_variables(store)
    assert_close(everything(third, {}), everything(first, {}))
    for optimizer, each in ((first, model), (second, its)):
        train(optimizer, each, 2, seed=3)
    assert_close(everything(second, its), everything(first, model))


def test_a_run_that_is_saved_has_each_variables_own(tmp_path):
    stacked, apart = (optiplug.create("soap", pack_small_variables=each, **SOAP) for each in (True, False))
    model, its = variables(), variables()
    train(stacked, model, 3)
    apart.build(list(its.values()))
    with Checkpoints(tmp_path, {"optimizer": stacked, "model": model}) as checkpoints:
        checkpoints.save(3)
    with Checkpoints(tmp_path, {"optimizer": apart, "model": its}) as checkpoints:
        checkpoints.restore()
    assert_close(everything(apart, its), everything(stacked, model))


def test_a_saved_model_is_taken_apart(tmp_path):
    model, module = variables(), tf.Module()
    module.optimizer = train(optiplug.create("soap", **SOAP), model, 3)
    module.model = model
    tf.saved_model.save(module, str(tmp_path))
    read = optiplug.read_state(tmp_path / "variables" / "variables")
    for name, state in module.optimizer.state.states.items():
        np.testing.assert_array_equal(read[name], state.numpy(), err_msg=name)


def test_an_elementwise_optimizer_joins_and_does_not_stack():
    optimizer = Adam()
    optimizer.build(list(variables().values()))
    assert [pack.stacked for pack in parts_of(optimizer).packing.packs] == [0]
