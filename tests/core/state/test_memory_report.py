"""What an optimizer tells of its state and of its steps is what then happens."""

import json

import pytest
import tensorflow as tf

import optiplug
from optiplug import registry
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


def test_rows_say_slot_variable_shape_and_dtype():
    report = optiplug.create("adam", use_ema=True).state_report(model("float16"))
    rows = {row.name: row for row in report.rows}
    row = rows["ema/average/dense/kernel"]
    assert (row.slot, row.variable, row.shape, row.dtype) == (
        "ema/average",
        "dense/kernel",
        (3, 4),
        "float32",
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
