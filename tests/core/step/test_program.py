"""What the compiled step is made of."""

import re

import pytest
import tensorflow as tf

from optiplug._optimizer.parts import parts_of
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


def compiled_calls(function, *arguments):
    """Return the nodes of a traced function, nested ones included, that are compiled by XLA."""
    graph = function.get_concrete_function(*arguments).graph.as_graph_def()
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    return [node for node in nodes if node.op.endswith("PartitionedCall") and node.attr["_XlaMustCompile"].b]


def core_of(optimizer, variables):
    (program,) = parts_of(optimizer).programs_for(variables).values()
    return program._core


def copies(optimizer, variable, gradient):
    core = core_of(optimizer, [variable])
    program = core.experimental_get_compiler_ir([gradient], {}, [], None)(stage="optimized_hlo")
    return re.findall(r"f32\[64,33\]\S* copy\(.*", program)


def test_the_core_is_one_cluster():
    optimizer, variables = SGD(0.1, **EVERYTHING), [tf.Variable(tf.ones([n])) for n in range(1, 6)]

    @tf.function
    def step(gradients):
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    assert len(compiled_calls(step, [tf.ones([n]) for n in range(1, 6)])) == 1


def test_the_core_is_one_cluster_on_each_device():
    strategy = mirrored(2)
    with strategy.scope():
        optimizer, variables = SGD(0.1, **EVERYTHING), [tf.Variable(tf.ones([n])) for n in range(1, 6)]

    @tf.function
    def step():
        strategy.run(
            lambda: optimizer.apply_gradients([(variable * 1.0, variable) for variable in variables])
        )

    assert len(compiled_calls(step)) == 2
    assert optimizer.trace_count == 2


def test_the_condition_of_a_gate_is_outside_the_cluster():
    def operations(**keywords):
        optimizer, variable = SGD(0.1, **keywords), tf.Variable(1.0)

        @tf.function
        def step(gradient):
            optimizer.apply_gradients([(gradient, variable)])

        graph = step.get_concrete_function(tf.constant(1.0)).graph
        core = core_of(optimizer, [variable]).get_concrete_function([tf.constant(1.0)], {}, [], None).graph
        return {each.type for each in graph.get_operations()}, {each.type for each in core.get_operations()}

    outside, inside = operations(**EVERYTHING)
    assert not {"If", "StatelessIf"} & (outside | inside)
    outside, inside = operations(processors=["skip_non_finite"])
    assert "If" in outside
    assert not {"If", "StatelessIf"} & inside


IDLE = [
    {"use": "weight_decay", "rate": 0.0},
    {"use": "l2", "strength": 0.0},
    {"use": "accumulate", "steps": 1},
    {"use": "add_noise", "eta": 0.0},
]


@pytest.mark.parametrize("processor", IDLE, ids=lambda processor: processor["use"])
def test_a_processor_with_no_effect_adds_no_operation(processor):
    def operations(**keywords):
        optimizer, variable = SGD(0.1, **keywords), tf.Variable(1.0)

        @tf.function
        def step(gradient):
            optimizer.apply_gradients([(gradient, variable)])

        graph = step.get_concrete_function(tf.constant(1.0)).graph.as_graph_def()
        return sorted(node.op for each in graph.library.function for node in each.node_def)

    assert operations(processors=[processor]) == operations()


@pytest.mark.parametrize(
    "keywords", [{}, {"momentum": 0.9}, EVERYTHING], ids=["plain", "momentum", "everything"]
)
def test_the_compiled_program_copies_no_variable(keywords):
    optimizer, variable = SGD(0.1, **keywords), tf.Variable(tf.ones([64, 33]))
    gradient = tf.ones([64, 33])
    optimizer.apply_gradients([(gradient, variable)])
    assert copies(optimizer, variable, gradient) == []


class ReadsOldMomentumTwice(SGD):
    """As momentum is often written: the variable and the state both read the old state."""

    def update_step(self, gradient, variable):
        momentum = self.momentum[variable]
        variable.assign_sub(0.1 * tf.sign(0.5 * momentum + gradient))
        momentum.assign(0.9 * momentum + gradient)


def test_the_law_against_copies_can_be_broken():
    optimizer, variable, gradient = (
        ReadsOldMomentumTwice(momentum=0.9),
        tf.Variable(tf.ones([64, 33])),
        tf.ones([64, 33]),
    )
    optimizer.apply_gradients([(gradient, variable)])
    assert copies(optimizer, variable, gradient)


def test_the_step_runs_where_functions_run_eagerly():
    tf.config.run_functions_eagerly(True)
    try:
        optimizer, variable = SGD(0.5), tf.Variable(1.0)
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
        assert float(variable) == 0.5
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize(
    ("keywords", "alone"),
    [
        ({"pack_small_variables": False}, True),
        ({}, False),
        ({"pack_small_variables": False, "processors": [{"use": "accumulate", "steps": 2}]}, False),
        ({"pack_small_variables": False, "jit_compile": False}, False),
    ],
)
def test_an_eager_step_is_the_cluster_alone_if_it_can(keywords, alone):
    variables = [tf.Variable([1.0, 2.0]), tf.Variable([3.0])]
    optimizer = SGD(0.5, momentum=0.5, **keywords)
    optimizer.build(variables)
    (program,) = parts_of(optimizer).programs_for(variables).values()
    trace = program._trace_eager([tf.ones(2), tf.ones(1)])
    assert trace.function_def.attr["_XlaMustCompile"].b == alone
    for _ in range(2):
        optimizer.apply_gradients([(tf.ones(2), variables[0]), (tf.ones(1), variables[1])])
    taken = 0.5 if optimizer.processors else 0.5 + 0.75
    assert [each.numpy().tolist() for each in variables] == [[1.0 - taken, 2.0 - taken], [3.0 - taken]]


def test_an_eager_step_takes_rows_and_dense_gradients():
    table = tf.Variable(tf.ones([3, 2]))
    optimizer = SGD(0.5, pack_small_variables=False)
    for gradient in (tf.ones([3, 2]), tf.IndexedSlices(tf.ones([1, 2]), tf.constant([1])), tf.ones([3, 2])):
        optimizer.apply_gradients([(gradient, table)])
    assert table.numpy().tolist() == [[0.0, 0.0], [-0.5, -0.5], [0.0, 0.0]]
