"""What says that it cannot run on a mesh is refused there, by name, with the reason, and leaves no trace."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from support.device_places import REPLICATED

REASON = "cannot run on a DTensor mesh: DTensor cannot take the diagonal"
GROUPS = [
    {"name": "kernels", "only": ["kernel"], "optimizer": "soap"},
    {"name": "rest", "optimizer": "adam"},
]


def on_mesh(name, shape=(2, 2)):
    return REPLICATED.variable(tf.ones(shape).numpy(), name)


def test_an_optimizer_is_refused_at_build_and_leaves_no_trace():
    optimizer = optiplug.create("soap", jit_compile=False)
    with pytest.raises(optiplug.ConfigError, match=f"soap: {REASON}.*tf.distribute"):
        optimizer.build([on_mesh("kernel")])
    assert not optimizer.state.states
    optimizer.build([tf.Variable([[1.0]], name="kernel")])


def test_where_it_depends_on_the_config_the_others_run():
    optimizer, variable = optiplug.create("soap", jit_compile=False, max_preconditioner_dim=0), on_mesh("w")
    optimizer.apply_gradients([(variable.read_value(), variable)])
    assert optimizer.state.states["momentum/w"].variable.layout == variable.layout


def test_a_nested_optimizer_is_refused_if_it_has_variables():
    optimizer = optiplug.create("partition", groups=GROUPS, jit_compile=False)
    with pytest.raises(optiplug.ConfigError, match=f"kernels: {REASON}"):
        optimizer.build([on_mesh("kernel"), on_mesh("bias")])
    with pytest.raises(optiplug.ConfigError, match=f"fallback: {REASON}"):
        optiplug.create("muon", fallback="soap", jit_compile=False).build([on_mesh("bias", [2])])
    optiplug.create("muon", fallback="soap", jit_compile=False).build([on_mesh("kernel")])


class FoldConfig(optiplug.ProcessorConfig):
    """Fold each gradient."""

    no_mesh = "it folds whole sheets"


class Fold(optiplug.Processor):
    Config = FoldConfig

    @optiplug.hookimpl
    def clip(self, gradients):
        return [gradient / 2 for gradient in gradients]


def test_a_processor_is_refused_whenever_it_comes(registered):
    registered(Fold)
    refused = pytest.raises(optiplug.ConfigError, match="fold: cannot run on a DTensor mesh: it folds whole")
    with refused:
        optiplug.create("sgd", processors=["fold"], jit_compile=False).build([on_mesh("w")])
    optimizer, variable = optiplug.create("sgd", learning_rate=1.0, jit_compile=False), on_mesh("w")
    optimizer.build([variable])
    with refused:
        optimizer.add_processor(Fold())
    assert optimizer.processors == ()
    optimizer.apply_gradients([(variable.read_value(), variable)])
    assert not variable.numpy().any()
    plain = tf.Variable([1.0], name="w")
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=["fold"])
    optimizer.apply_gradients([(tf.constant([1.0]), plain)])
    assert float(plain[0]) == 0.5
