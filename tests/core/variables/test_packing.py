"""Small variables come joined: nobody sees it but the clock."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import parts_of
from optiplug._variables.packing import LARGEST, MOST
from optiplug.errors import HookError
from optiplug_adam.adam import Adam
from optiplug_sgd.sgd import SGD

SHAPES = {"kernel": (3, 4), "bias": (4,), "scale": (), "none": (0, 2), "table": (5, 2), "gain": (4,)}
EVERYTHING = {
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "exclude_from_weight_decay": ["bias", "gain"],
    "use_ema": True,
    "ema_momentum": 0.5,
    "ema_overwrite_frequency": 3,
    "processors": [{"use": "skip_non_finite"}, {"use": "accumulate", "steps": 2}],
}


def variables(dtype="float32"):
    generator = np.random.default_rng(0)
    return {
        name: tf.Variable(tf.constant(generator.normal(size=shape), dtype), name=name)
        for name, shape in SHAPES.items()
    }


def gradients(chosen, generator):
    drawn = {
        name: tf.constant(generator.normal(size=each.shape), each.dtype) for name, each in chosen.items()
    }
    if "table" in drawn and generator.random() < 0.5:
        drawn["table"] = tf.IndexedSlices(drawn["table"][:3], tf.constant([4, 0, 4]), tf.constant([5, 2]))
    return [(drawn[name], each) for name, each in chosen.items()]


def members(optimizer):
    return [
        [each.name.removesuffix(":0") for each in pack.members] for pack in parts_of(optimizer).packing.packs
    ]


def everything(optimizer, model):
    optimizer.finalize_variable_values(list(model.values()))
    states = {name: state.numpy() for name, state in optimizer.state.states.items()}
    return {name: each.numpy() for name, each in model.items()} | states


def assert_equal(values, expected):
    assert list(values) == list(expected)
    for name, value in values.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_variables_that_are_treated_alike_are_joined():
    model, optimizer = variables(), Adam(**EVERYTHING)
    optimizer.build(list(model.values()))
    assert members(optimizer) == [["kernel", "scale", "none", "table"], ["bias", "gain"]]
    held = [name for name in optimizer.state.created if name.startswith("momentum/")]
    assert held == ["momentum/pack:0", "momentum/pack:1"]


def test_many_are_joined_in_packs_of_much_the_same_size():
    model = [tf.Variable(0.0, name=f"v{place}") for place in range(2 * MOST + 1)]
    optimizer = SGD(momentum=0.9)
    optimizer.build(model)
    sizes = [len(pack.members) for pack in parts_of(optimizer).packing.packs]
    assert (len(sizes), sum(sizes)) == (3, 2 * MOST + 1)
    assert max(sizes) - min(sizes) <= 1


def test_variables_that_differ_stay_apart():
    model = {
        "half": tf.Variable(tf.ones(3, tf.float16)),
        "double": tf.Variable(tf.ones(3, tf.float64)),
        "bounded": tf.Variable([1.0], constraint=tf.nn.relu),
        "big": tf.Variable(tf.zeros(LARGEST + 1)),
        "noisy": tf.Variable([1.0], name="noisy"),
        "small": tf.Variable([1.0]),
    }
    noise = {"use": "add_noise", "eta": 0.1, "only": ["noisy"]}
    optimizer = SGD(momentum=0.9, processors=[noise])
    optimizer.apply_gradients([(tf.ones(each.shape, each.dtype), each) for each in model.values()])
    assert members(optimizer) == []


def test_a_variable_may_have_the_name_of_a_pack():
    big = tf.Variable(tf.zeros([LARGEST + 1]), name="pack_0")
    model = [big, tf.Variable([1.0, 2.0], name="a"), tf.Variable([3.0], name="pack_0")]
    optimizer = SGD(1.0, momentum=0.5)
    for _ in range(2):
        optimizer.apply_gradients([(tf.ones(each.shape), each) for each in model])
    assert members(optimizer) == [["a", "pack_0"]]
    assert [float(tf.reduce_max(each)) for each in model] == [-2.5, -0.5, 0.5]
    assert list(optimizer.state.states)[2:] == ["momentum/pack_0", "momentum/a", "momentum/pack_0_1"]


@pytest.mark.sampled(11)
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "complex64"])
@pytest.mark.parametrize("graph", [False, True])
def test_the_same_bits_joined_and_apart(graph, dtype):
    def trained(joined):
        model, optimizer = variables(dtype), Adam(pack_small_variables=joined)
        generator = np.random.default_rng(1)
        step = tf.function(optimizer.apply_gradients) if graph else optimizer.apply_gradients
        for _ in range(4):
            step([(tf.convert_to_tensor(each), variable) for each, variable in gradients(model, generator)])
        return everything(optimizer, model)

    assert_equal(trained(True), trained(False))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_any_calls_do_the_same_joined_and_apart(seed):
    """Variables come late, or without gradient; rows, NaNs and hooks that want variables apart come too."""

    class Centered:
        @optiplug.hookimpl
        def clip(self, gradients):
            return [each - tf.reduce_mean(each) if each.shape.rank else each for each in gradients]

    # Patterns have to match at the first call already.
    config = {**EVERYTHING, "exclude_from_weight_decay": [], "jit_compile": False}

    def trained(joined):
        generator = np.random.default_rng(seed)
        model, optimizer = variables(), Adam(pack_small_variables=joined, **config)
        hook = Centered()
        for call in range(12):
            if call in (0, 4):
                known = list(SHAPES)[: 3 if call < 4 else 6]
                some = [name for name in known if generator.random() < 0.7] or known  # two lists to trace
            chosen = known if call in (0, 4) or generator.random() < 0.5 else some
            pairs = gradients({name: model[name] for name in chosen}, generator)
            if generator.random() < 0.1:
                pairs[0] = (tf.fill(pairs[0][1].shape, float("nan")), pairs[0][1])
            optimizer.apply_gradients(pairs)
            if call == 5:
                optimizer.add_processor(hook)
            if call == 8:
                optimizer.remove_processor(hook)
        return optimizer, everything(optimizer, model)

    (optimizer, values), (apart, expected) = trained(True), trained(False)
    assert len(parts_of(optimizer).packing.packs) > len(parts_of(apart).packing.packs) == 0
    assert values.keys() == expected.keys()
    for name, value in values.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-7, err_msg=name)


# A norm of all gradients together is rounded in another order.
ELEMENTWISE = {**EVERYTHING, "global_clipnorm": None, "clipvalue": 1.0}


def saved(path, *, joined):
    model, optimizer = variables(), Adam(pack_small_variables=joined, **ELEMENTWISE)
    generator = np.random.default_rng(2)
    for _ in range(3):
        optimizer.apply_gradients(gradients(model, generator))
    checkpoint = tf.train.Checkpoint(optimizer=optimizer, **model)
    return optimizer, model, checkpoint.write(str(path))


@pytest.mark.slow
@pytest.mark.parametrize("deferred", [False, True])
@pytest.mark.parametrize("joined", [False, True])
def test_a_checkpoint_knows_nothing_of_packs(joined, deferred, tmp_path):
    first, first_model, path = saved(tmp_path / "checkpoint", joined=joined)
    model, optimizer = variables(), Adam(pack_small_variables=not joined, **ELEMENTWISE)
    if not deferred:
        optimizer.build(list(model.values()))
    status = tf.train.Checkpoint(optimizer=optimizer, **model).read(path)
    optimizer.build(list(model.values()))
    status.assert_consumed()
    for generator, each, its in (
        (np.random.default_rng(3), first, first_model),
        (np.random.default_rng(3), optimizer, model),
    ):
        each.apply_gradients(gradients(its, generator))
    assert_equal(everything(optimizer, model), everything(first, first_model))


@pytest.mark.slow
def test_checkpoints_have_the_same_keys_joined_and_apart(tmp_path):
    keys = []
    for joined in (True, False):
        _, _, path = saved(tmp_path / str(joined), joined=joined)
        keys.append(sorted(tf.train.load_checkpoint(path).get_variable_to_shape_map()))
    assert keys[0] == keys[1]


@pytest.mark.slow
def test_a_checkpoint_written_in_the_background(tmp_path):
    optimizer, _, _ = saved(tmp_path / "now", joined=True)
    checkpoint = tf.train.Checkpoint(optimizer=optimizer)
    options = tf.train.CheckpointOptions(experimental_enable_async_checkpoint=True)
    for _ in range(2):
        optimizer.state.states["momentum/bias"].assign([1.0, 2.0, 3.0, 4.0])
        path = checkpoint.write(str(tmp_path / "later"), options)
    checkpoint.sync()
    np.testing.assert_array_equal(optiplug.read_state(path)["momentum/bias"], [1, 2, 3, 4])


def test_a_part_is_a_variable_in_all_but_memory():
    model, optimizer = variables(), SGD(momentum=0.9)
    optimizer.build(list(model.values()))
    part = {each.name: each for each in optimizer.variables}["momentum/table:0"]
    assert (part.shape, part.dtype) == ((5, 2), tf.float32)
    part.assign(tf.ones([5, 2]))
    part.assign_add(tf.ones([5, 2]))
    np.testing.assert_array_equal(part + 1.0, np.full([5, 2], 3.0))
    assert [float(np.sum(each.numpy())) for each in optimizer.momentum] == [0, 0, 0, 0, 20, 0]
    np.testing.assert_array_equal(optimizer.momentum[model["table"]].numpy(), part.numpy())


def test_reports_know_nothing_of_packs():
    reports = []
    for joined in (True, False):
        model, optimizer = variables(), Adam(pack_small_variables=joined, **EVERYTHING)
        before = optimizer.state_report(list(model.values()))
        optimizer.build(list(model.values()))
        assert optimizer.state_report() == before
        reports.append((str(before), str(optimizer.explain())))
    assert reports[0] == reports[1]


def test_the_bytes_reported_are_those_in_memory():
    model, optimizer = variables(), Adam(**EVERYTHING)
    optimizer.build(list(model.values()))
    held = sum(each.shape.num_elements() * each.dtype.size for each in optimizer.state.created.values())
    assert optimizer.state_report().total == held


def test_state_of_another_shape_keeps_its_variables_apart():
    class SumsConfig(optiplug.OptimizerConfig):
        """Keep a sum of each gradient."""

        elementwise = True

    class Sums(optiplug.Optimizer):
        Config = SumsConfig

        def build(self, var_list):
            super().build(var_list)
            self.momentum, self.sum = self.add_slot("momentum"), self.add_slot("sum", shape=())

        def update_step(self, gradient, variable):
            self.sum[variable].assign_add(tf.reduce_sum(gradient))
            self.momentum[variable].assign_add(gradient)
            variable.assign_sub(self.momentum[variable] * self.sum[variable])

    model = [tf.Variable([1.0, 1.0]), tf.Variable([1.0])]
    optimizer = Sums("sums")
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1.0, 2.0]), model[0]), (tf.constant([1.0]), model[1])])
    np.testing.assert_array_equal(model[0], [1 - 3 - 12, 1 - 6 - 24])
    np.testing.assert_array_equal(model[1], [1 - 1 - 4])


def test_a_member_of_a_pack_cannot_be_changed_behind_its_back():
    class Reaches(optiplug.Processor):
        Config = type("ReachesConfig", (optiplug.ProcessorConfig,), {"elementwise": True})

        @optiplug.hookimpl
        def post_step(self, step):
            step.frame.working(model[0]).assign_add(1.0)

    model = [tf.Variable(1.0, name="one"), tf.Variable(1.0, name="two")]
    optimizer = SGD(processors=[Reaches()])
    with pytest.raises(
        HookError, match=r"one: .*through `step.variables`.*'one:0'.*pack_small_variables=False"
    ):
        optimizer.apply_gradients([(tf.constant(1.0), each) for each in model])


def test_slots_can_be_gone_over_inside_a_step():
    class Watched(SGD):
        Config = type("WatchedConfig", (SGD.Config,), {})

        def update_step(self, gradient, variable):
            super().update_step(gradient, variable)
            seen.append(sorted(tuple(each.shape) for each in self.momentum))

    seen, model = [], [tf.Variable([1.0, 2.0]), tf.Variable(1.0), tf.Variable(tf.zeros([LARGEST + 1]))]
    Watched(momentum=0.9).apply_gradients([(tf.ones(each.shape), each) for each in model])
    assert seen == [[(3,), (LARGEST + 1,)]] * 2
