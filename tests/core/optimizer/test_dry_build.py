"""What a report builds is what the optimizer would build."""

import tensorflow as tf

import optiplug


def model(dtype="float32"):
    kernel = tf.Variable(tf.ones([3, 4], dtype), name="dense/kernel")
    return [kernel, tf.Variable(tf.ones([4], dtype), name="dense/bias"), tf.Variable(1.0, name="scale")]


def allocated(optimizer):
    return {name: state.numpy().nbytes for name, state in optimizer.state.states.items()}


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
