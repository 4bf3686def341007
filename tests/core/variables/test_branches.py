"""Branches, loops and functions inside of a step read and assign as they do outside of one."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.experimental import dtensor

import optiplug
from support.meshes import laid_out, mesh
from support.strategies import mirrored


class Counter(optiplug.Optimizer):
    """Has a slot `kept`, which a rule changes; then the variable changes by it."""

    rule = None

    def build(self, var_list):
        super().build(var_list)
        self.kept = self.add_slot("kept")

    def update_step(self, gradient, variable):
        type(self).rule(self, gradient, variable, self.kept[variable])
        variable.assign_sub(self.kept[variable])


def one_branch(optimizer, gradient, variable, kept):
    def keep():
        kept.assign(kept + gradient)
        return True

    tf.cond(optimizer.iterations % 2 == 0, keep, lambda: False)


def both_branches(optimizer, gradient, variable, kept):
    even = optimizer.iterations % 2 == 0
    tf.cond(even, lambda: kept.assign(gradient), lambda: kept.assign_add(gradient))


def cases(optimizer, gradient, variable, kept):
    branches = [lambda: kept.assign(gradient), lambda: kept.assign_add(gradient), lambda: kept.value]
    tf.switch_case(tf.cast(optimizer.iterations % 3, tf.int32), branches)


def loop(optimizer, gradient, variable, kept):
    def body(count):
        kept.assign(kept + gradient)
        return count + 1

    tf.while_loop(lambda count: count < 3, body, [tf.constant(0)])


def mapped(optimizer, gradient, variable, kept):
    tf.map_fn(lambda each: kept.assign_add(each * gradient), tf.constant([1.0, 2.0]))


def function(optimizer, gradient, variable, kept):
    @tf.function
    def add():
        kept.assign_add(gradient)

    add()
    add()


def argument(optimizer, gradient, variable, kept):
    tf.function(lambda thing: thing.assign_add(gradient))(kept)


def nested(optimizer, gradient, variable, kept):
    def body(count):
        even = count % 2 == 0
        tf.cond(even, lambda: kept.assign_add(gradient), lambda: kept.assign_sub(gradient / 2))
        return count + 1

    def looped():
        tf.while_loop(lambda count: count < 4, body, [tf.constant(0)])

    tf.function(looped)()


def read_in_a_loop(optimizer, gradient, variable, kept):
    kept.assign(gradient)
    total = tf.map_fn(lambda each: each * kept, tf.constant([1.0, 2.0]))
    kept.assign(tf.reduce_sum(total, 0))


# What `kept` is after each of three steps with gradients of 1.
EXPECTED = {
    one_branch: (1.0, 1.0, 2.0),
    both_branches: (1.0, 2.0, 1.0),
    cases: (1.0, 2.0, 2.0),
    loop: (3.0, 6.0, 9.0),
    mapped: (3.0, 6.0, 9.0),
    function: (2.0, 4.0, 6.0),
    argument: (1.0, 2.0, 3.0),
    nested: (1.0, 2.0, 3.0),
    read_in_a_loop: (3.0, 3.0, 3.0),
}
every_rule = pytest.mark.parametrize("rule", EXPECTED, ids=lambda rule: rule.__name__)


def ruled(rule, **fields):
    return type("Ruled", (Counter,), {"rule": rule})("ruled", **fields)


def trained(optimizer, *variables, steps=3, scale=1.0):
    for _ in range(steps):
        optimizer.apply_gradients([(tf.cast(tf.fill([2], scale), each.dtype), each) for each in variables])


@every_rule
@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_construct_does_what_it_does_elsewhere(rule, jit_compile):
    optimizer, variable = ruled(rule, jit_compile=jit_compile), tf.Variable([0.0, 1.0], name="weight")
    trained(optimizer, variable)
    np.testing.assert_array_equal(variable.numpy(), np.array([0.0, 1.0]) - sum(EXPECTED[rule]))
    assert optimizer.trace_count == 1


HOW = {
    "half precision": ({}, tf.bfloat16, 1),
    "updates watched": ({"processors": ["cautious"]}, tf.float32, 1),
    "gradients accumulated": ({"processors": [{"use": "accumulate", "steps": 2}]}, tf.float32, 2),
}


@pytest.mark.parametrize("rule", [both_branches, loop, function], ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(("fields", "dtype", "calls"), HOW.values(), ids=HOW)
def test_around_it_all_is_as_ever(rule, fields, dtype, calls):
    optimizer = ruled(rule, jit_compile=False, **fields)
    variables = [tf.Variable([0.0, 1.0], dtype=dtype, name=name) for name in "ab"]
    trained(optimizer, *variables, steps=3 * calls)
    for each in variables:
        expected = np.array([0.0, 1.0]) - sum(EXPECTED[rule])
        np.testing.assert_array_equal(tf.cast(each, tf.float32), expected)


@pytest.mark.parametrize("rule", [both_branches, loop], ids=lambda rule: rule.__name__)
def test_on_two_devices(rule):
    strategy = mirrored(2)
    with strategy.scope():
        optimizer, variable = ruled(rule), tf.Variable([0.0, 1.0])

    @tf.function
    def step():
        strategy.run(lambda: optimizer.apply_gradients([(tf.fill([2], 0.5), variable)]))

    for _ in range(3):
        step()
    for own in strategy.experimental_local_results(variable):
        np.testing.assert_array_equal(own.numpy(), np.array([0.0, 1.0]) - sum(EXPECTED[rule]))


def test_what_keeps_a_value_in_a_branch_is_no_state(tmp_path):
    optimizer, variable = ruled(both_branches, jit_compile=False), tf.Variable([0.0, 1.0], name="weight")
    trained(optimizer, variable)
    assert [each.name for each in optimizer.variables] == ["iterations:0", "kept/weight:0"]
    path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "checkpoint"))
    assert not any("scratch" in name for name, _ in tf.train.list_variables(path))


def test_other_variables_later():
    optimizer = ruled(both_branches, jit_compile=False)
    first, second = (tf.Variable([0.0, 1.0], name=name) for name in "ab")
    optimizer.build([first, second])
    for variables in ((first,), (first, second), (second,)):
        trained(optimizer, *variables, steps=1)
    np.testing.assert_array_equal([first.numpy(), second.numpy()], [[-3.0, -2.0], [-2.0, -1.0]])


def test_many_lists_of_variables_that_are_not_traced():
    optimizer = ruled(function, jit_compile=False)
    variables = [tf.Variable([0.0, 0.0], name=f"v{index}") for index in range(4)]
    optimizer.build(variables)
    for each in variables:
        trained(optimizer, each, steps=2)
    np.testing.assert_array_equal(np.stack([each.numpy() for each in variables]), np.full([4, 2], -6.0))


def test_a_learning_rate_first_read_in_a_branch():
    class Rated(optiplug.Optimizer):
        def __init__(self):
            super().__init__("rated", jit_compile=False)
            self._learning_rate = self._build_learning_rate(0.5)

        def update_step(self, gradient, variable):
            even = self.iterations % 2 == 0
            tf.cond(even, lambda: variable.assign_sub(self.learning_rate * gradient), lambda: variable)
            variable.assign_sub(self.learning_rate * gradient)

    variables = [tf.Variable([0.0, 1.0], name=name) for name in "ab"]
    trained(Rated(), *variables, steps=2)
    np.testing.assert_array_equal([each.numpy() for each in variables], [[-1.5, -0.5], [-1.5, -0.5]])


def row_of(rule):
    """Return a row of a table after a step of a rule that sees only rows."""

    class Lazy(Counter):
        class Config(optiplug.OptimizerConfig):
            elementwise = True

    Lazy.rule, Lazy.Config.implementation = rule, Lazy
    table = tf.Variable(tf.zeros([4, 2]), name="table")
    gradient = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([1]))
    Lazy(sparse="lazy", jit_compile=False).apply_gradients([(gradient, table)])
    return table[1].numpy().tolist()


@pytest.mark.parametrize("rule", [both_branches, loop, function, mapped], ids=lambda rule: rule.__name__)
def test_rows_of_a_table_are_refused_in_a_branch(rule):
    with pytest.raises(optiplug.HookError, match=r"kept/table.*some rows.*(cond|loop|function).*Hint: "):
        row_of(rule)


@pytest.mark.parametrize("jit_compile", [True, False])
def test_an_error_leaves_nothing_in_the_process(jit_compile):
    """One inside of `tf.map_fn` leaves a caching device, with which no scope of a strategy can be entered."""

    def wrong(optimizer, gradient, variable, kept):
        tf.map_fn(lambda each: each * kept.no_such_attribute, gradient)

    with pytest.raises(AttributeError, match="no_such_attribute"):
        trained(ruled(wrong, jit_compile=jit_compile), tf.Variable([0.0, 1.0]), steps=1)
    assert tf.compat.v1.get_variable_scope().caching_device is None


def test_rows_may_be_read_in_a_loop():
    assert row_of(read_in_a_loop) == [-3.0, -3.0]


def test_a_vectorized_map_may_read_and_not_assign():
    def reads(optimizer, gradient, variable, kept):
        kept.assign(gradient)
        kept.assign(tf.vectorized_map(lambda each: each * kept[0], gradient))

    def assigns(optimizer, gradient, variable, kept):
        tf.vectorized_map(lambda each: kept.assign_add([each, each]), gradient)

    variable = tf.Variable([0.0, 0.0])
    trained(ruled(reads, jit_compile=False), variable, steps=1)
    np.testing.assert_array_equal(variable.numpy(), [-1.0, -1.0])
    with pytest.raises(optiplug.HookError, match=r"kept/.*tf.vectorized_map.*`tf.map_fn`"):
        trained(ruled(assigns, jit_compile=False), variable, steps=1)


class Outliving(Counter):
    """Calls functions that outlive the step in which they were traced."""

    @tf.function
    def counted(self, gradient):
        self.total.assign_add(1.0)
        return gradient

    @tf.function
    def timed(self, gradient):
        return gradient * tf.cast(self.iterations, gradient.dtype)

    def build(self, var_list):
        super().build(var_list)
        self.total = self.add_state("total")


def kept_gradient(optimizer, gradient, variable, kept):
    kept.assign(getattr(optimizer, "earlier", gradient))
    optimizer.earlier = gradient


OUTLIVING = {
    "assigns": (lambda self, gradient, *_: self.counted(gradient), "keeps the variables of the step"),
    "reads": (lambda self, gradient, *_: self.timed(gradient), "of another trace.*ReadVariableOp"),
    "an attribute": (kept_gradient, "of another trace"),
}


@pytest.mark.parametrize(("rule", "message"), OUTLIVING.values(), ids=OUTLIVING)
def test_what_outlives_its_step_is_refused(rule, message):
    optimizer = type("Ruled", (Outliving,), {"rule": rule})("ruled", jit_compile=False)
    first, second = (tf.Variable([0.0, 1.0], name=name) for name in "ab")
    optimizer.build([first, second])
    trained(optimizer, first, steps=2)
    with pytest.raises(optiplug.HookError, match=f"{message}.*Hint: "):
        trained(optimizer, second, steps=1)
    assert optimizer.iterations == 2


def test_a_function_at_the_end_of_training_is_refused():
    class Ending:
        @optiplug.hookimpl
        def finalize(self, step):
            for variable in step.variables:
                tf.function(lambda each=variable: each.assign(each * 2.0))()

    optimizer = optiplug.create("sgd", processors=[Ending()], jit_compile=False)
    variable = tf.Variable([0.0, 1.0])
    trained(optimizer, variable, steps=1)
    with pytest.raises(optiplug.HookError, match="where nothing is traced"):
        optimizer.finalize_variable_values([variable])


def test_on_a_mesh_a_branch_may_not_assign():
    variable = dtensor.DVariable(laid_out(mesh(2), np.zeros(2, np.float32)))
    with pytest.raises(optiplug.HookError, match=r"kept/.*on a mesh.*tf\.cond.*Hint: "):
        ruled(both_branches, jit_compile=False).apply_gradients([(tf.ones_like(variable), variable)])


def test_what_has_no_gradient_stays_as_it_is():
    accumulate = {"use": "accumulate", "steps": 2}
    optimizer = ruled(both_branches, jit_compile=False, processors=[accumulate])
    one, other = (tf.Variable([0.0, 1.0], name=name) for name in "ab")
    optimizer.build([one, other])
    trained(optimizer, one, steps=2)
    assert (other.numpy().tolist(), optimizer.kept[other].numpy().tolist()) == ([0.0, 1.0], [0.0, 0.0])


def test_a_gate_stops_what_a_branch_assigns():
    optimizer = ruled(both_branches, jit_compile=False, processors=["skip_non_finite"])
    variable = tf.Variable([0.0, 1.0])
    for scale in (1.0, np.nan, 1.0):
        trained(optimizer, variable, steps=1, scale=scale)
    assert variable.numpy().tolist() == [-3.0, -2.0]


def test_a_step_with_a_branch_can_be_exported(tmp_path):
    module = tf.Module()
    module.optimizer, module.variable = ruled(both_branches, jit_compile=False), tf.Variable([0.0, 1.0])
    module.optimizer.build([module.variable])

    @tf.function(input_signature=[])
    def step():
        module.optimizer.apply_gradients([(tf.ones([2]), module.variable)])
        return module.variable.read_value()

    module.step = step
    step()
    tf.saved_model.save(module, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.step().numpy().tolist() == step().numpy().tolist() == [-3.0, -2.0]
