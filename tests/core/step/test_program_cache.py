"""One trace serves all steps that are alike, and each thread."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import parts_of
from optiplug._step import program_cache
from optiplug_sgd.sgd import SGD
from support.strategies import mirrored

EVERYTHING = {
    "momentum": 0.9,
    "nesterov": True,
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "use_ema": True,
    "ema_overwrite_frequency": 5,
}


def test_one_trace_for_a_hundred_steps_of_changing_rates():
    optimizer, variable = SGD(0.1, **EVERYTHING), tf.Variable([1.0, 2.0])
    for step in range(100):
        optimizer.learning_rate = 0.1 / (step + 1)
        optimizer.apply_gradients([(tf.constant([1.0, -step]), variable)])
    assert optimizer.trace_count == 1
    assert int(optimizer.iterations) == 100


def test_one_trace_with_embedding_gradients_of_changing_length():
    optimizer, table = SGD(0.1, **EVERYTHING), tf.Variable(tf.ones([8, 2]))
    for rows in range(1, 8):
        gradient = tf.IndexedSlices(tf.ones([rows, 2]), tf.range(rows), tf.constant([8, 2]))
        optimizer.apply_gradients([(gradient, table)])
    assert optimizer.trace_count == 1


def test_optimizers_in_two_threads_do_not_meet():
    from concurrent.futures import ThreadPoolExecutor

    def train(seed):
        optimizer, variable = (
            optiplug.create("sgd", learning_rate=0.1, momentum=0.9),
            tf.Variable(float(seed)),
        )
        for _ in range(20):
            optimizer.minimize(lambda: variable**2, [variable])
        return float(variable)

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(train, [1, 2]))
    assert together == [train(1), train(2)]


def ones(variables):
    return [(tf.ones(each.shape), each) for each in variables]


def heads(count=4):
    return [tf.Variable(tf.ones([2]), name=f"head{number}") for number in range(count)]


def stepped(lists, **fields):
    """Return the values of variables and state after a step of each list of places among four heads."""
    optimizer, variables = optiplug.create("adam", learning_rate=0.1, **fields), heads()
    optimizer.build(variables)
    for places in lists:
        optimizer.apply_gradients(ones([variables[place] for place in places]))
    states = {name: state.numpy() for name, state in optimizer.state.states.items()}
    return optimizer, {each.name: each.numpy() for each in variables} | states


def test_another_order_is_the_same_step():
    optimizer, turned = stepped([[0, 1, 2], [2, 0, 1], [1, 2, 0]], global_clipnorm=0.5)
    _, straight = stepped([[0, 1, 2]] * 3, global_clipnorm=0.5)
    assert optimizer.trace_count == 1
    for name, value in straight.items():
        np.testing.assert_array_equal(turned[name], value)


LISTS = [[0, 1, 2, 3], [0, 1], [2], [1, 3], [0, 3], [2], [1, 2, 3]]
FIELDS = {
    "plain": {},
    "apart": {"pack_small_variables": False},
    "gate": {"processors": ["skip_non_finite", {"use": "accumulate", "steps": 2}]},
    "everything": {"global_clipnorm": 1.0, "weight_decay": 0.01, "use_ema": True},
}


@pytest.mark.sampled(7)
@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_lists_after_the_first_two_are_not_traced(fields, monkeypatch):
    optimizer, actual = stepped(LISTS, jit_compile=False, **fields)
    assert optimizer.trace_count == 2
    monkeypatch.setattr(program_cache, "PLACES", {1: len(LISTS)})
    optimizer, expected = stepped(LISTS, jit_compile=False, **fields)
    assert optimizer.trace_count == len(LISTS) - 1
    for name, value in expected.items():
        # Not the bits: TensorFlow optimizes a traced function, and rounds otherwise.
        np.testing.assert_allclose(actual[name], value, rtol=1e-6, err_msg=name)


def test_a_step_that_is_not_traced_leaves_absent_variables_alone():
    optimizer, variables = optiplug.create("adam", jit_compile=False), heads()
    optimizer.build(variables)
    for chosen in ([0], [1], [0, 1, 2]):
        optimizer.apply_gradients(ones([variables[place] for place in chosen]))
    states = [optimizer.momentum[variables[3]], optimizer.second_moment[variables[3]]]
    before = [each.numpy() for each in (variables[3], *states)]
    optimizer.apply_gradients(ones([variables[1], variables[2]]))
    for each, value in zip((variables[3], *states), before, strict=True):
        np.testing.assert_array_equal(each.numpy(), value)
    assert optimizer.trace_count == 2


def test_a_list_that_comes_often_is_traced_and_another_is_freed(monkeypatch):
    monkeypatch.setattr(program_cache, "PLACES", {1: 1, 3: 2})
    monkeypatch.setattr(program_cache, "APART", 1)
    monkeypatch.setattr(program_cache, "TO_REPLACE", 5)
    optimizer, variables = optiplug.create("sgd", jit_compile=False), heads()
    optimizer.build(variables)

    def traced(place, calls):
        for _ in range(calls):
            optimizer.apply_gradients(ones([variables[place]]))
        return optimizer.trace_count

    assert [traced(0, 1), traced(1, 2), traced(1, 1), traced(2, 4)] == [1, 1, 2, 2]
    (first,) = parts_of(optimizer).programs.get([variables[0]]).values()
    (second,) = parts_of(optimizer).programs.get([variables[1]]).values()
    dropped, kept = weakref.ref(first), weakref.ref(second)
    del first, second
    assert traced(2, 1) == 3
    gc.collect()
    assert dropped() is None
    assert kept() is not None


def test_a_second_list_is_traced_at_once_if_it_shares_nothing():
    apart, shared = [[0], [1]], [[0, 1], [1, 2], [1, 2]]
    assert [traces_of(apart), traces_of(shared)] == [[1, 2], [1, 1, 2]]


def traces_of(lists):
    optimizer, variables, counts = optiplug.create("sgd", jit_compile=False), heads(), []
    optimizer.build(variables)
    for places in lists:
        optimizer.apply_gradients(ones([variables[place] for place in places]))
        counts.append(optimizer.trace_count)
    return counts


def test_a_function_of_the_callers_is_compiled_for_any_list():
    optimizer, variables = optiplug.create("sgd"), heads()
    optimizer.build(variables)

    @tf.function
    def step(place):
        optimizer.apply_gradients(ones([variables[place]]))

    for place in range(4):
        step(place)
        gc.collect()
        step(place)
        assert variables[place].numpy() == pytest.approx([0.98, 0.98])
    assert optimizer.trace_count == 4


class Doubles:
    @optiplug.hookimpl
    def clip(self, gradients):
        return [2 * gradient for gradient in gradients]


def test_hooks_that_change_after_a_function_was_traced():
    optimizer, variable = optiplug.create("sgd", learning_rate=1.0, jit_compile=False), tf.Variable(8.0)

    def step():
        optimizer.apply_gradients([(tf.constant(1.0), variable)])

    step()
    doubles = Doubles()
    optimizer.add_processor(doubles)  # nobody has traced a step but the optimizer itself
    optimizer.remove_processor(doubles)
    traced = tf.function(step)
    traced()
    assert optimizer.explain().notes == ()
    with pytest.warns(UserWarning, match=r"sgd\.add_processor: a tf.function has traced a step") as warned:
        optimizer.add_processor(doubles)
    assert warned[0].filename == __file__
    assert "keeps it with the hooks that there were then" in str(optimizer.explain())

    traced = tf.function(step)  # as the hint says
    gc.collect()
    assert optimizer.explain().notes == ()
    traced()
    assert float(variable) == 4.0
    with pytest.warns(UserWarning, match=r"sgd\.remove_processor"):
        optimizer.remove_processor(doubles)


def test_who_can_drop_functions_is_asked():
    optimizer, variable = optiplug.create("sgd", learning_rate=1.0, jit_compile=False), tf.Variable(8.0)
    kept = [tf.function(lambda: optimizer.apply_gradients([(tf.constant(1.0), variable)]))]
    kept[0]()
    optimizer.on_change(kept.clear)
    optimizer.add_processor(Doubles())
    assert not kept
    assert optimizer.explain().notes == ()


@pytest.mark.parametrize(("name", "value"), [("weight_decay", 0.5), ("clipnorm", 1.0), ("jit_compile", True)])
def test_hyperparameters_act_everywhere_or_are_refused(name, value):
    optimizer, variable = optiplug.create("sgd", learning_rate=1.0, jit_compile=False), tf.Variable(8.0)
    traced = tf.function(lambda: optimizer.apply_gradients([(tf.constant(1.0), variable)]))
    traced()
    with pytest.raises(
        optiplug.ConfigError, match=rf"sgd\.{name}: cannot be set in a step that a tf.function"
    ):
        setattr(optimizer, name, value)
    del traced
    setattr(optimizer, name, value)
    assert getattr(optimizer, name) == value


def test_hooks_before_the_sum_run_for_any_list():
    class Twice:
        @optiplug.hookimpl
        def pre_aggregate(self, gradients, step):
            return [2 * gradient for gradient in gradients]

    optimizer, variables = optiplug.create("sgd", learning_rate=0.25, processors=[Twice()]), heads()
    optimizer.build(variables)
    for variable in variables:
        optimizer.apply_gradients(ones([variable]))
    assert [each.numpy().tolist() for each in variables] == [[0.5, 0.5]] * 4


def test_replicas_step_any_list():
    strategy = mirrored(2)
    with strategy.scope():
        optimizer, variables = optiplug.create("sgd", learning_rate=0.25, momentum=0.5), heads()
    optimizer.build(variables)
    for variable in variables:
        strategy.run(lambda variable=variable: optimizer.apply_gradients(ones([variable])))
    for variable in variables:
        assert [each.numpy().tolist() for each in strategy.experimental_local_results(variable)] == [
            [0.5, 0.5],
            [0.5, 0.5],
        ]
    assert optimizer.trace_count == 4  # two lists on two devices
