"""What is compared between workers; that it is, is in tests/distributed."""

import platform

import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import parts_of
from optiplug._optimizer.worker_agreement import description


def said(config, variables):
    parts = parts_of(optiplug.from_config(config))
    parts.variables.add_all(variables)
    return description(parts.config, parts.config.dump(), parts.variables, variables)


def test_config_variables_and_versions_are_compared():
    variables = [tf.Variable(tf.zeros([3, 2]), name="kernel"), tf.Variable(0.0, name="bias")]
    config = {"use": "sgd", "global_clipnorm": 1.0, "processors": [{"use": "agc"}]}
    found = said(config, variables)
    assert found["config.use"] == '"sgd"'
    assert found["config.global_clipnorm"] == "1.0"
    assert found["config.processors[0].use"] == '"agc"'
    assert found["variable kernel"] == "0: float32 [3, 2]"
    assert found["variable bias"] == "1: float32 []"
    assert found["version of python"] == ".".join(platform.python_version_tuple()[:2])
    assert {"version of optiplug-core", "version of optiplug-sgd", "version of optiplug-processors"} <= set(
        found
    )


def test_the_plugins_of_keywords_count():
    assert "version of optiplug-processors" in said({"use": "adam", "clipnorm": 1.0}, [tf.Variable(0.0)])
    assert "version of optiplug-processors" not in said({"use": "adam"}, [tf.Variable(0.0)])


def test_without_workers_nothing_is_compared():
    weight = tf.Variable(2.0)
    optimizer = optiplug.create("sgd", learning_rate=0.5)
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    optimizer.set_weights([3, 0.5])
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert int(optimizer.iterations) == 4
