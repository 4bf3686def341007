"""A variable that is split up trains as it would whole, or is refused by name where that cannot be."""

import pytest
import tensorflow as tf

import optiplug
from optiplug import BuildError, GradientsError
from support.sharded_models import ROWS, WIDTH, ShardedRun, assert_same, sharded, values

ELEMENTWISE = [
    {"use": "adam", "global_clipnorm": 0.5},
    {"use": "adagrad", "clipvalue": 0.5},
    {"use": "sgd", "momentum": 0.9, "weight_decay": 0.1, "use_ema": True},
    {"use": "adam", "processors": ["skip_non_finite", {"use": "accumulate", "steps": 2}]},
]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("config", ELEMENTWISE, ids=lambda each: each["use"])
def test_a_split_table_trains_as_a_whole_one(config, sparse):
    plain, split = (ShardedRun(count, **config).train(4, sparse) for count in (None, 3))
    assert_same(split.model, plain.model)
    assert_same(split.saved, plain.saved)


def test_a_function_splits_rows():
    eager, traced = (ShardedRun(3, use="adam") for _ in range(2))
    train = tf.function(
        lambda table, bias: traced.optimizer.apply_gradients([(table, traced.table), (bias, traced.bias)])
    )
    for _ in range(2):
        train(*traced.gradients(sparse=True))
    assert_same(traced.model, eager.train(2, sparse=True).model)


def test_rows_of_shards():
    config = {"use": "adam", "sparse": "lazy"}
    plain, split = (ShardedRun(count, **config).train(4, sparse=True) for count in (None, 3))
    assert_same(split.model, plain.model)


def test_gradients_may_be_those_of_shards():
    whole, parts, components = (ShardedRun(3, use="adam") for _ in range(3))
    for _ in range(3):
        table, bias = whole.gradients()
        pieces = tf.split(table, [each.shape[0] for each in whole.table.variables])
        whole.optimizer.apply_gradients([(table, whole.table), (bias, whole.bias)])
        parts.optimizer.apply_gradients([(pieces, parts.table), (bias, parts.bias)])
        pairs = zip(pieces, components.table.variables, strict=True)
        components.optimizer.apply_gradients([*pairs, (bias, components.bias)])
    assert_same(parts.model, whole.model, 0)
    assert_same(components.model, whole.model, 0)


def test_minimize_takes_it_whole():
    def trained(count):
        run = ShardedRun(count, use="sgd", learning_rate=0.1)
        for _ in range(2):
            run.optimizer.minimize(lambda: tf.reduce_sum((run.table + run.bias) ** 2), [run.table, run.bias])
        return run.model

    assert_same(trained(3), trained(None))


@pytest.mark.parametrize("pieces", [2, 4])
def test_each_shard_needs_its_gradient(pieces):
    run = ShardedRun(3, use="sgd")
    with pytest.raises(GradientsError, match=r"one gradient for each of the 3 shards of 'table/part_0:0'"):
        run.optimizer.apply_gradients([([tf.zeros([1, WIDTH])] * pieces, run.table)])


def test_a_gradient_of_another_shape_is_refused():
    run = ShardedRun(3, use="sgd")
    with pytest.raises(GradientsError, match=r"must have its shape"):
        run.optimizer.apply_gradients([(tf.zeros([ROWS + 1, WIDTH], tf.float64), run.table)])
    slices = tf.IndexedSlices(tf.zeros([1, WIDTH], tf.float64), tf.constant([ROWS]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"must be one of its {ROWS}"):
        run.optimizer.apply_gradients([(slices, run.table)])


@pytest.mark.parametrize("name", ["muon", "lamb", "lars", "adafactor", "sm3", "novograd", "soap"])
def test_who_needs_a_whole_matrix_refuses(name):
    table = sharded([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], 2)
    optimizer = optiplug.create(name)
    with pytest.raises(BuildError, match=r"'table' is split into 2 shards.*not `elementwise`.*keep it whole"):
        optimizer.build([table])
    assert not optimizer.state.states


@pytest.mark.parametrize(
    "processor",
    [
        {"use": "unit_norm"},
        {"use": "max_norm", "max_value": 1.0},
        {"use": "centralize_gradients"},
        {"use": "clip_by_norm", "max_norm": 1.0},
    ],
    ids=lambda each: each["use"],
)
def test_who_needs_a_norm_of_the_whole_refuses(processor):
    name, optimizer = processor["use"], optiplug.create("sgd", processors=[processor])
    with pytest.raises(BuildError, match=f"{name}: 'table' is split into 2 shards"):
        optimizer.build([sharded([[1.0, 2.0], [3.0, 4.0]], 2)])


def test_it_may_leave_the_split_table_out():
    table = sharded([[1.0, 2.0], [3.0, 4.0]], 2)
    unit = {"use": "unit_norm", "skip": ["table"]}
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[unit])
    kernel = tf.Variable([[3.0], [4.0]], name="kernel")
    optimizer.apply_gradients([(tf.ones([2, 2]), table), (tf.zeros([2, 1]), kernel)])
    assert values(table).tolist() == [[0, 1], [2, 3]]


def test_reports_know_one_table():
    run = ShardedRun(3, use="adamw", weight_decay=0.1)
    run.optimizer.add_processor({"use": "weight_decay", "rate": 0.1})
    told = run.optimizer.explain([run.table, run.bias])
    assert [(each.path, each.shape) for each in told.variables] == [
        ("table", (ROWS, WIDTH)),
        ("bias", (WIDTH,)),
    ]
    (note,) = told.notes
    assert note.endswith("for table, bias")


def test_shards_stay_together():
    class Apart(optiplug.Optimizer):
        class Config(optiplug.OptimizerConfig):
            elementwise = True

        def groups(self, variables):
            return {"first": (optiplug.create("sgd").config, [variables[0]])}

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    with pytest.raises(BuildError, match="all shards of 'table' must be in one group"):
        Apart().build([sharded([[1.0, 2.0], [3.0, 4.0]], 2)])


def test_one_shard_builds_all():
    run = ShardedRun(3, use="sgd", momentum=0.9)
    run.optimizer.build([run.table.variables[1]])
    assert run.saved["momentum/table"].shape == (ROWS, WIDTH)
    assert run.optimizer.path(run.table) == run.optimizer.path(run.table.variables[2]) == "table"
