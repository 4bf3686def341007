"""What an optimizer tells of its state and of its steps is what then happens."""

import json

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl, register, registry
from optiplug_processors.ema import EMA
from optiplug_sgd.sgd import SGD
from support.strategies import mirrored

DTYPES = ["float16", "bfloat16", "float32", "float64", "complex64"]
CHAIN = [
    {"use": "accumulate", "steps": 2},
    {"use": "skip_non_finite"},
    {"use": "clip_by_global_norm", "max_norm": 1.0},
    {"use": "weight_decay", "rate": 0.1, "skip": ["*bias"]},
    {"use": "ema", "only": ["*kernel"]},
]
OPTIMIZERS = {
    "sgd": {"use": "sgd"},
    "momentum": {"use": "sgd", "momentum": 0.9},
    "adam": {"use": "adam", "amsgrad": True, "use_ema": True},
    "everything": {"use": "adamw", "learning_rate": {"use": "constant", "value": 0.1}, "processors": CHAIN},
}


def model(dtype="float32"):
    kernel = tf.Variable(tf.ones([3, 4], dtype), name="dense/kernel")
    return [kernel, tf.Variable(tf.ones([4], dtype), name="dense/bias"), tf.Variable(1.0, name="scale")]


def allocated(optimizer):
    return {name: state.numpy().nbytes for name, state in optimizer.state.states.items()}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("config", OPTIMIZERS)
def test_bytes_before_training_are_those_allocated(config, dtype):
    variables, optimizer = model(dtype), optiplug.from_config(OPTIMIZERS[config])
    report = optimizer.state_report(variables)
    assert optimizer.state.states == {}, "nothing is created"
    optimizer.build(variables)
    assert {row.name: row.bytes for row in report.rows} == allocated(optimizer)
    assert report.total == sum(allocated(optimizer).values())
    assert optimizer.state_report() == report


def test_every_registered_optimizer_reports_what_it_allocates():
    entries = registry.entries("optimizers")
    assert len(entries) >= 3
    for entry in entries:
        config, variables = registry.get("optimizers", entry.qualified), model()
        optimizer = config(**config.example).create()
        report = optimizer.state_report(variables)
        optimizer.build(variables)
        assert {row.name: row.bytes for row in report.rows} == allocated(optimizer), entry.name


def test_no_memory_is_taken():
    """A variable of 40 GB would not fit here, twice over."""

    class Huge(tf.Variable):
        """A variable without a value."""

        name, shape, dtype, constraint = "huge:0", tf.TensorShape([10**10]), tf.float32, None

        def __new__(cls):
            return object.__new__(cls)

        def __init__(self): ...

    report = optiplug.create("adam").state_report([Huge()])
    assert report.total == 2 * 4 * 10**10 + 8 + 4


def test_rows_say_slot_variable_shape_and_dtype():
    report = optiplug.create("adam", use_ema=True).state_report(model("float16"))
    rows = {row.name: row for row in report.rows}
    row = rows["ema/average/dense/kernel"]
    assert (row.slot, row.variable, row.shape, row.dtype) == (
        "ema/average",
        "dense/kernel",
        (3, 4),
        "float16",
    )
    assert rows["iterations"].variable == ""
    assert json.loads(report.to_json())["total"] == report.total
    assert json.loads(report.to_json())["rows"][0]["name"] == report.rows[0].name


def test_the_table_adds_up():
    text = str(optiplug.create("adam").state_report(model()))
    assert [line.split() for line in text.splitlines()] == [
        ["bytes", "momentum", "second_moment", "total"],
        ["dense/kernel", "48", "48", "96"],
        ["dense/bias", "16", "16", "32"],
        ["scale", "4", "4", "8"],
        ["iterations", "8"],
        ["learning_rate", "4"],
        ["total", "68", "68", "148"],
    ]


def test_only_the_variables_asked_for():
    variables, optimizer = model(), optiplug.create("adam")
    optimizer.build(variables)
    assert {row.variable for row in optimizer.state_report(variables[1:2]).rows} == {"dense/bias", ""}


def test_more_variables_than_it_is_built_with():
    variables, optimizer = model(), optiplug.create("adam")
    optimizer.build(variables[:1])
    names = list(optimizer.state.states)
    assert {row.variable for row in optimizer.state_report(variables).rows} == {
        "dense/kernel",
        "dense/bias",
        "scale",
        "",
    }
    assert list(optimizer.state.states) == names


def test_processors_that_are_objects_stay_as_they_are():
    average, variables = EMA(momentum=0.5), model()
    optimizer = SGD(0.1, processors=[average])
    late = EMA(momentum=0.25, name="late")
    optimizer.add_processor(late)
    report = optimizer.state_report(variables)
    assert {row.slot for row in report.rows} == {"", "ema/average", "late/average"}
    assert not hasattr(average, "average")
    optimizer.build(variables)
    assert average.average[variables[0]].shape == (3, 4)
    assert {row.name: row.bytes for row in report.rows} == allocated(optimizer)


def test_a_class_written_for_keras():
    class Own(optiplug.Optimizer):
        def __init__(self, learning_rate=0.1, name="own", **kwargs):
            super().__init__(name=name, **kwargs)
            self._learning_rate = self._build_learning_rate(learning_rate)

        def build(self, var_list):
            super().build(var_list)
            if hasattr(self, "_built") and self._built:
                return
            self.m = [self.add_variable_from_reference(each, "m") for each in var_list]
            self.n = [self.add_variable_from_reference(each, "n", shape=()) for each in var_list]
            self._built = True

        def update_step(self, gradient, variable): ...

        def get_config(self):
            rate = self._serialize_hyperparameter(self._learning_rate)
            return {**super().get_config(), "learning_rate": rate}

    optimizer, variables = Own(0.5, use_ema=True), model()
    report = optimizer.state_report(variables)
    assert optimizer.state.states == {}
    assert {row.slot for row in report.rows} == {"", "m", "n", "ema/average"}
    optimizer.build(variables)
    assert {row.name: row.bytes for row in report.rows} == allocated(optimizer)


def test_without_variables_there_is_nothing_to_tell():
    for method in ("state_report", "explain"):
        with pytest.raises(optiplug.BuildError, match=rf"{method}\(model.trainable_variables\)"):
            getattr(SGD(), method)()


def test_on_mirrored_devices_it_is_that_of_each_device():
    strategy = mirrored(2)
    with strategy.scope():
        variables, optimizer = model(), optiplug.create("adam", use_ema=True)
        report = optimizer.state_report(variables)
        optimizer.build(variables)
    held = [strategy.experimental_local_results(each)[1] for each in optimizer.state.created.values()]
    assert report.total == sum(each.numpy().nbytes for each in held)


# explain


def explained(config=OPTIMIZERS["everything"]):
    return optiplug.from_config(config).explain(model())


def stages(told):
    return [(part.stage, part.name) for part in told.parts if part.applies]


def test_what_applies_is_told_in_the_order_in_which_it_runs():
    told = explained()
    assert stages(told["dense/kernel"]) == [
        ("gate", "accumulate"),
        ("gate", "skip_non_finite"),
        ("clip", "clip_by_global_norm"),
        ("decay", "weight_decay"),
        ("decay", "weight_decay_2"),
        ("update_step", "adamw"),
        ("post_step", "ema"),
        ("finalize", "ema"),
    ]


def test_it_says_who_is_left_alone():
    told = explained()
    assert [each.decayed for each in told.variables] == [True, True, True]  # by the keyword of adamw
    (skipping, keyword) = [part for part in told["dense/bias"].parts if part.stage == "decay"]
    assert (skipping.applies, keyword.applies) == (False, True)
    assert ("post_step", "ema") not in stages(told["scale"])
    plain = explained({"use": "sgd", "weight_decay": 0.1, "exclude_from_weight_decay": ["*bias", "scale"]})
    assert [each.decayed for each in plain.variables] == [True, False, False]


def test_exclusions_of_keras_are_seen():
    variables, optimizer = model(), SGD(0.1, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=variables[2:], var_names=["bias"])
    expected = [True, False, False]
    assert [each.decayed for each in optimizer.explain(variables).variables] == expected
    optimizer.build(variables)
    assert [each.decayed for each in optimizer.explain().variables] == expected


def test_it_says_where_everything_comes_from():
    class Watch:
        @hookimpl
        def post_step(self, step): ...

    told = SGD(0.1, clipnorm=1.0, processors=[Watch()]).explain(model())
    origins = {part.name: part.origin for part in told["scale"].parts}
    assert origins["clip_by_norm"].startswith("optiplug-processors 0.")
    assert origins["sgd"].startswith("optiplug-sgd 0.")
    assert origins["watch"].endswith("Watch")
    assert told.optimizer.origin == origins["sgd"]


def test_the_rate_is_that_of_the_next_step():
    variables = model()
    optimizer = SGD({"use": "piecewise_constant", "boundaries": [1], "values": [1.0, 0.25]})
    assert optimizer.explain(variables).learning_rate == 1.0
    for _ in range(2):
        optimizer.apply_gradients([(each, each) for each in variables])
    assert optimizer.explain().learning_rate == 0.25
    optimizer = SGD(0.1)
    assert optimizer.explain(variables).learning_rate == 0.1
    assert optimizer.state.states == {}
    optimizer.learning_rate = 0.5
    assert optimizer.explain(variables).learning_rate == 0.5


def test_it_has_no_rate_if_the_optimizer_has_none():
    class Sign(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(tf.sign(gradient))

    assert Sign("sign").explain(model()).learning_rate is None


def test_constraints_are_a_part():
    class PositiveFloat:
        def __call__(self, value):
            return tf.maximum(value, 0.0)

    told = SGD(0.1).explain(
        [tf.Variable(1.0, name="w", constraint=PositiveFloat()), tf.Variable(1.0, name="v")]
    )
    assert stages(told["w"]) == [("update_step", "sgd"), ("constraint", "PositiveFloat")]
    assert stages(told["v"]) == [("update_step", "sgd")]


def test_the_text_shows_alike_variables_together():
    text = str(explained({"use": "sgd", "weight_decay": 0.1, "exclude_from_weight_decay": ["scale"]}))
    head, first, second = text.split("\n\n")
    assert head.startswith("sgd (optiplug-sgd ")
    assert head.endswith("learning rate 0.01")
    assert first.splitlines()[:2] == ["dense/kernel float32 (3, 4)", "dense/bias float32 (4,)"]
    assert [line.split()[-1] for line in first.splitlines()[3:]] == ["yes", "yes"]
    assert [line.split()[-1] for line in second.splitlines()[2:]] == ["no", "yes"]


def test_what_it_tells_is_what_happens():
    """The variables said to be decayed are those that shrink without a gradient."""
    variables = model()
    optimizer = SGD(1.0, weight_decay=0.5, exclude_from_weight_decay=["dense/bias"])
    told = optimizer.explain(variables)
    optimizer.apply_gradients([(tf.zeros_like(each), each) for each in variables])
    shrunk = [bool(np.any(each.numpy() != 1)) for each in variables]
    assert shrunk == [each.decayed for each in told.variables]


@pytest.fixture
def registered():
    @register
    class Quiet(optiplug.Processor):
        """Does nothing."""

        Config = type(
            "QuietConfig", (optiplug.ProcessorConfig,), {"__doc__": "Quiet.", "__module__": __name__}
        )

        @hookimpl
        def clip(self, gradients, step):
            return gradients

    yield
    registry.unregister("processors", "quiet", "this session")


def test_what_is_registered_in_the_session_says_so(registered):
    told = SGD(0.1, processors=["quiet"]).explain(model())
    (part,) = [part for part in told["scale"].parts if part.stage == "clip"]
    assert part.origin.startswith("this session")


# compiled_program


def test_the_compiled_program_is_that_of_the_core():
    optimizer = optiplug.create("sgd", momentum=0.9)
    with pytest.raises(optiplug.BuildError, match="no variables yet"):
        optimizer.compiled_program()
    optimizer.build([tf.Variable(tf.zeros([7, 5]), name="a"), tf.Variable(tf.zeros([3]), name="b")])
    assert "f32[38]" in optimizer.compiled_program()  # both joined

    uncompiled = optiplug.create("sgd", jit_compile=False)
    uncompiled.build([tf.Variable(1.0)])
    with pytest.raises(optiplug.BuildError, match=r"only what XLA compiles.*jit_compile=True"):
        uncompiled.compiled_program()
