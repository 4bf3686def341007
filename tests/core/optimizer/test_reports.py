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


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"use": "sgd"}, "<SGD 'sgd', learning_rate=0.01>"),
        ({"use": "sgd", "name": "mine", "learning_rate": 2}, "<SGD 'mine', learning_rate=2>"),
        (
            {"use": "adamw", "clipnorm": 1.0, "processors": ["ema"]},
            "<AdamW 'adamw', learning_rate=0.001, processors=[ema, clip_by_norm, weight_decay]>",
        ),
        (
            {"use": "sgd", "learning_rate": {"use": "constant", "value": 1}},
            "<SGD 'sgd', learning_rate=constant>",
        ),
    ],
    ids=str,
)
def test_an_optimizer_shows_what_it_is(fields, told):
    assert repr(optiplug.from_config(fields)) == told


def test_the_rate_that_is_shown_is_that_of_now():
    optimizer = optiplug.create("sgd", learning_rate=0.1, jit_compile=False)
    optimizer.build([tf.Variable(1.0)])
    optimizer.learning_rate = 0.5
    assert repr(optimizer) == "<SGD 'sgd', learning_rate=0.5>"
    shown = []
    tf.function(lambda: shown.append(repr(optimizer)))()
    assert shown == ["<SGD 'sgd', learning_rate=0.5>"]

    def halving(step):
        return 0.5

    assert repr(optiplug.create("sgd", learning_rate=halving)) == "<SGD 'sgd', learning_rate=halving>"


def test_optimizers_inside_are_shown():
    groups = [{"name": "a", "only": ["a"], "optimizer": "lion"}, {"name": "b", "optimizer": "adamw"}]
    optimizer = optiplug.create("partition", groups=groups)
    assert repr(optimizer) == "<Partition 'partition'>"
    optimizer.build([tf.Variable([1.0], name=name) for name in ("a", "b")])
    inside = "a=Lion(learning_rate=0.0001), b=AdamW(learning_rate=0.001)"
    assert repr(optimizer).startswith("<Partition 'partition', processors=[")
    assert repr(optimizer).endswith(f"b/weight_decay], {inside}>")


def test_a_constructor_may_show_itself_before_its_base_has_run():
    class Early(optiplug.Optimizer):
        def __init__(self):
            self.shown = repr(self)
            super().__init__()

        def update_step(self, gradient, variable): ...

    optimizer = Early()
    assert " object at 0x" in optimizer.shown
    assert repr(optimizer).startswith("<Early '")
