"""The arguments of an optimizer's constructor are the fields of its config."""

import inspect

import pytest

import optiplug
from optiplug_processors.weight_decay import WeightDecay
from optiplug_schedules.exponential import ExponentialDecay
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD


def test_every_way_to_create_one_is_the_same():
    config = SGDConfig(learning_rate=0.5, momentum=0.9)
    ways = [
        SGD(0.5, 0.9),
        SGD(0.5, momentum=0.9),
        SGD(learning_rate=0.5, momentum=0.9),
        SGD(config),
        config.create(),
        optiplug.create("sgd", learning_rate=0.5, momentum=0.9),
        optiplug.from_config({"use": "sgd", "learning_rate": 0.5, "momentum": 0.9}),
        SGD.from_config(SGD(0.5, 0.9).get_config()),
    ]
    assert all(each.config == config for each in ways)


def test_the_signature_is_that_of_the_config():
    parameters = inspect.signature(SGD).parameters
    assert list(parameters)[:3] == ["learning_rate", "momentum", "nesterov"]
    assert parameters["learning_rate"].default == 0.01
    assert parameters["clipnorm"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["mesh"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters.keys() == {*SGDConfig.model_fields, "mesh"}


@pytest.mark.parametrize(
    ("arguments", "keywords", "rule"),
    [
        ((-1.0,), {}, "learning_rate: must be >= 0"),
        ((0.1, 0.9, False, 1), {}, "SGD takes at most 3 positional arguments"),
        ((0.1,), {"learning_rate": 0.1}, "by position and by name"),
        ((), {"momentun": 0.9}, "momentun.*did you mean 'momentum'"),
        ((), {"clipnorm": 1.0, "clipvalue": 1.0}, "clipvalue: cannot be combined with clipnorm"),
        ((), {"momentum": float("nan")}, "momentum"),
    ],
)
def test_bad_arguments_are_refused_when_it_is_created(arguments, keywords, rule):
    with pytest.raises(optiplug.ConfigError, match=rule):
        SGD(*arguments, **keywords)


@pytest.mark.parametrize(
    ("thing", "name"),
    [(WeightDecay(0.5), "rate"), (ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5), "decay_rate")],
)
def test_hyperparameters_of_what_is_created_are_not_set(thing, name):
    rule = rf"{type(thing).__name__}\.{name}: a hyperparameter cannot be set.* Received: 0.25. Hint: "
    with pytest.raises(optiplug.ConfigError, match=rule):
        setattr(thing, name, 0.25)
    with pytest.raises(optiplug.ConfigError, match=r"\.config: a hyperparameter cannot be set"):
        thing.config = type(thing.config)(**dict(thing.config))
    setattr(thing, name, 0.5)  # what it is
    thing.own = 3
    assert thing.own == 3
