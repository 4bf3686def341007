"""Variables that weight decay leaves alone, by themselves and by patterns."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

NAMES = ("kernel", "bias", "bi[a]s", "scale")


def decayed(exclude):
    """Return the names of the variables that one step of decay moved."""
    variables = {name: tf.Variable(1.0, name=name) for name in NAMES}
    optimizer = optiplug.create("sgd", learning_rate=0.5, weight_decay=0.5, jit_compile=False)
    exclude(optimizer, variables)
    optimizer.apply_gradients([(tf.constant(0.0), each) for each in variables.values()])
    moved = {name for name, each in variables.items() if each.numpy() != 1.0}
    np.testing.assert_allclose([variables[name].numpy() for name in moved], 0.75)
    return moved


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["bias"], {"bias"}),
        (["^k", "al"], {"kernel", "scale"}),
        (["."], set(NAMES)),  # in Keras' way, a pattern may exclude everything, or nothing
        (["nothing"], set()),
    ],
)
def test_patterns_are_searched_in_names(patterns, left):
    def exclude(optimizer, variables):
        optimizer.exclude_from_weight_decay(var_names=patterns)

    assert decayed(exclude) == set(NAMES) - left


def test_a_variable_is_excluded_and_none_that_its_name_matches():
    def exclude(optimizer, variables):
        optimizer.exclude_from_weight_decay([variables["bi[a]s"]])

    assert decayed(exclude) == {"kernel", "bias", "scale"}


def test_exclusions_add_up():
    def exclude(optimizer, variables):
        optimizer.exclude_from_weight_decay([variables["bias"]])
        optimizer.exclude_from_weight_decay([variables["scale"]], ["kern"])

    assert decayed(exclude) == {"bi[a]s"}


def excluding(pattern="bias", **fields):
    optimizer = optiplug.create("sgd", learning_rate=0.5, jit_compile=False, **fields)
    if pattern is not None:
        optimizer.exclude_from_weight_decay(var_names=[pattern])
    return optimizer


def moved(optimizer, names=("kernel", "bias"), gradient=0.0):
    """Return the names of the variables that a gradient of almost zero moved."""
    variables = {name: tf.Variable([[1.0]], name=name) for name in names}
    optimizer.apply_gradients([(tf.constant([[gradient]]), each) for each in variables.values()])
    return [name for name, each in variables.items() if each.numpy() != 1.0]


class OwnDecay:
    @optiplug.hookimpl
    def decay(self, gradients, step):
        for variable in step.variables:
            variable.assign_sub(0.5 * variable.value)
        return gradients


DECAYS = {
    "keyword": {"weight_decay": 0.5},
    "l2": {"processors": [{"use": "l2", "strength": 0.5}]},
    "object": {"processors": [OwnDecay()]},
    **{
        name: {"processors": [{"use": name, "rate": 0.5}]}
        for name in (
            "weight_decay",
            "cautious_weight_decay",
            "corrected_weight_decay",
            "scheduled_weight_decay",
        )
    },
}


@pytest.mark.parametrize("fields", DECAYS.values(), ids=DECAYS)
def test_exclusions_hold_for_every_decay(fields):
    tiny = {"gradient": 1e-9}  # at a gradient of zero, the scheduled one is zero
    if "object" not in str(fields):
        again = optiplug.from_config(excluding(**fields).get_config())
        assert again.get_config()["exclude_from_weight_decay"] == ["re:bias"]
        assert moved(again, **tiny) == ["kernel"]
    assert moved(excluding(**fields), **tiny) == ["kernel"]
    assert moved(excluding(None, exclude_from_weight_decay=["b*"], **fields), **tiny) == ["kernel"]
    assert moved(excluding(None, **fields), **tiny) == ["kernel", "bias"]


def test_exclusions_hold_inside():
    groups = [
        {"name": "wide", "only": ["k*"], "optimizer": {"use": "sgd", "weight_decay": 0.5}},
        {"name": "rest", "optimizer": {"use": "adamw", "exclude_from_weight_decay": ["scale"]}},
    ]
    optimizer = optiplug.create("partition", groups=groups, jit_compile=False)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    again = optiplug.from_config(optimizer.get_config())
    for each in (optimizer, again):
        assert moved(each, ["kernel", "kernel_bias", "bias", "scale", "other"]) == ["kernel", "other"]
    assert [each.exclude_from_weight_decay for each in (again.config, again.nested["rest"].config)] == [
        ("re:bias",),
        ("scale",),
    ]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"exclude_from_weight_decay": ["bais"], "weight_decay": 0.1}, "at least one variable path"),
        ({"exclude_from_weight_decay": ["*"], "weight_decay": 0.1}, "must leave a variable to weight decay"),
        ({"exclude_from_weight_decay": ["b*"]}, "has no effect without a weight decay"),
        ({"exclude_from_weight_decay": ["re:b"]}, "has no effect without a weight decay"),
    ],
)
def test_exclusions_without_effect_are_refused(fields, rule):
    with pytest.raises(optiplug.ConfigError, match=f"sgd.exclude_from_weight_decay: .*{rule}"):
        moved(optiplug.create("sgd", **fields))


def test_a_decay_of_zero_may_have_exclusions():
    assert moved(excluding(weight_decay=0.0)) == []


def test_a_variable_by_itself_has_a_path_once_it_is_built():
    optimizer = optiplug.create("sgd", weight_decay=0.5)
    one, other = (tf.Variable(1.0, name="w") for _ in range(2))
    optimizer.exclude_from_weight_decay([other])
    with pytest.raises(
        optiplug.BuildError, match=r"exclude_from_weight_decay: variables .*build the optimizer"
    ):
        optimizer.get_config()
    assert optimizer.explain([one, other])["w"].decayed
    assert not optimizer.explain([one, other])["w_1"].decayed
    optimizer.build([one, other])
    assert optimizer.get_config()["exclude_from_weight_decay"] == ["w_1"]


@pytest.mark.parametrize(
    ("names", "rule"), [("bias", "must be a list"), (["["], "must be a regular expression")]
)
def test_what_are_no_patterns_is_refused(names, rule):
    with pytest.raises(optiplug.ConfigError, match=rule):
        optiplug.create("sgd").exclude_from_weight_decay(var_names=names)


def test_a_variable_is_told_from_all_others():
    paths = ["m/a/w", "m/b/w", "m/b[0]/w", "xm/c/w", "m/c/w", "w"]
    variables = [tf.Variable(1.0, name=path) for path in paths]
    optimizer = optiplug.create("sgd", weight_decay=0.5)
    optimizer.exclude_from_weight_decay([variables[index] for index in (0, 2, 3, 5)])
    optimizer.build(variables)
    patterns = optimizer.get_config()["exclude_from_weight_decay"]
    assert patterns == ["*a/w", "*b[[]0]/w", "*xm/c/w", "w"]
    shorter = [tf.Variable(1.0, name=path.removeprefix("m/")) for path in paths]
    again = optiplug.from_config(optimizer.get_config())
    again.build(shorter)
    assert again.excluded_from_weight_decay == ("a/w", "b[[]0]/w", "xm/c/w", "w")


def test_a_config_comes_back_as_it_was_written():
    optimizer = optiplug.create("sgd", weight_decay=0.5, exclude_from_weight_decay=["re:w", "b*", "re:w"])
    optimizer.exclude_from_weight_decay(var_names=["w", "c", "c"])
    patterns = optimizer.get_config()["exclude_from_weight_decay"]
    assert patterns == ["re:w", "b*", "re:w", "re:c"]


def test_exclusions_of_a_group_count_all_variables():
    groups = [
        {
            "name": "wide",
            "only": ["k*"],
            "optimizer": {"use": "sgd", "weight_decay": 0.5, "exclude_from_weight_decay": ["bias", "*norm"]},
        },
        {
            "name": "rest",
            "optimizer": {"use": "sgd", "weight_decay": 0.5, "exclude_from_weight_decay": ["bias", "*norm"]},
        },
    ]
    optimizer = optiplug.create("partition", groups=groups, jit_compile=False)
    assert moved(optimizer, ["kernel", "bias", "norm"]) == ["kernel"]
    groups[0]["optimizer"]["exclude_from_weight_decay"] = ["nrom"]
    with pytest.raises(optiplug.ConfigError, match="did you mean 'norm'"):
        moved(optiplug.create("partition", groups=groups), ["kernel", "bias", "norm"])


def test_patterns_of_a_group_count_all_variables():
    decay = {"use": "weight_decay", "rate": 0.5, "skip": ["bias", "norm"]}
    muon = {"use": "muon", "skip": ["bias"], "processors": [decay], "fallback": "sgd"}
    groups = [
        {"name": "wide", "only": ["k*"], "optimizer": muon},
        {"name": "rest", "optimizer": {"use": "sgd", "processors": [{**decay, "skip": ["kernel", "norm"]}]}},
    ]
    optimizer = optiplug.create("partition", groups=groups, jit_compile=False)
    assert moved(optimizer, ["kernel", "bias", "norm"]) == ["kernel", "bias"]
    decay["skip"] = ["nrom"]
    with pytest.raises(optiplug.ConfigError, match="did you mean 'norm'"):
        moved(optiplug.create("partition", groups=groups), ["kernel", "bias", "norm"])


@pytest.mark.parametrize(("names", "left"), [(["kernel", "norm"], ["kernel"]), (["kernel"], ["kernel"])])
def test_an_optional_exclusion_serves_several_models(names, left):
    fields = {"weight_decay": 0.5, "exclude_from_weight_decay": ["?*norm*"]}
    assert moved(excluding(None, **fields), names) == left
