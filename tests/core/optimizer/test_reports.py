"""Reports: the program that is compiled, notes of `explain`, an optimizer in one line."""

import pytest
import tensorflow as tf

import optiplug


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


DECAY = {"use": "weight_decay", "rate": 0.1}


@pytest.mark.parametrize("built", [False, True])
def test_weight_decays_that_add_up(built):
    variables = [tf.Variable([1.0], name="kernel"), tf.Variable([1.0], name="bias")]
    processors = [{**DECAY, "skip": ["bias"]}]
    optimizer = optiplug.create("adamw", processors=processors)
    if built:
        optimizer.build(variables)
    explained = optimizer.explain(variables)
    assert explained.notes == ("weight decays add up (weight_decay, weight_decay_2) for kernel",)
    assert str(explained).endswith(f"note: {explained.notes[0]}")
    assert optiplug.create("sgd", processors=processors).explain(variables).notes == ()
    excluded = optiplug.create("adamw", processors=processors, exclude_from_weight_decay=["kernel"])
    assert excluded.explain(variables).notes == ()


def test_a_decay_of_a_formula_adds_up_too():
    variables = [tf.Variable([1.0], name="kernel")]
    (note,) = optiplug.create("prodigy", weight_decay=0.1, processors=[DECAY]).explain(variables).notes
    assert note == "weight decays add up (that of prodigy itself, weight_decay) for kernel"


def test_an_optimizer_in_one_line():
    optimizer = optiplug.create("sgd", learning_rate=0.1, clipnorm=1.0, processors=["skip_non_finite"])
    assert repr(optimizer) == "<SGD 'sgd' learning_rate=0.1 processors=[skip_non_finite, clip_by_norm]>"
    assert not optimizer.state.states  # nothing is created for it
    optimizer.learning_rate = 0.5
    assert "learning_rate=0.5" in repr(optimizer)
    optimizer.build([tf.Variable(1.0)])
    assert "learning_rate=0.5" in tf.function(lambda: repr(optimizer))().numpy().decode()


def test_schedules_and_optimizers_inside_in_one_line():
    rate = {"use": "constant", "value": 0.25}
    assert repr(optiplug.create("sgd", learning_rate=rate, name="mine")).startswith(
        "<SGD 'mine' learning_rate=ConstantConfig(value=0.25"
    )
    groups = [{"name": "a", "only": ["a"], "optimizer": "adamw"}, {"name": "b", "optimizer": "sgd"}]
    optimizer = optiplug.create("partition", groups=groups)
    assert repr(optimizer) == "<Partition 'partition' processors=[]>"
    optimizer.build([tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")])
    assert "nested=[a, b] processors=[a/weight_decay]" in repr(optimizer)


def test_an_optimizer_without_parts_can_be_shown():
    class Early(optiplug.Optimizer):
        def __init__(self):
            self.shown = repr(self)
            super().__init__()

        def update_step(self, gradient, variable): ...

    assert "Early object at" in Early().shown
