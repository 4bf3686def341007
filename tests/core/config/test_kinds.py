"""The config of an optimizer: what every optimizer accepts, processors above all."""

from __future__ import annotations

import itertools
import json

import pytest

from optiplug import CommandConfig, OptimizerConfig, ProcessorConfig, TaskConfig, hookimpl, register, registry
from optiplug._config.base import resolve
from optiplug._hookspecs import hook_names
from optiplug.errors import ConfigError


class Plain(OptimizerConfig):
    """An optimizer without hyperparameters of its own."""

    implementation = "nowhere:Plain"


class Scale(ProcessorConfig):
    """Multiply gradients."""

    implementation = "nowhere:Scale"

    factor: float = 2.0


class Hook:
    """A hook as a notebook has it."""

    @hookimpl
    def clip(self, gradients, step):
        return gradients

    @property
    def costly(self):
        raise AssertionError("looking for hooks must not run properties")

    def __getattr__(self, name):
        if name == "config":
            raise AttributeError(name)
        raise AssertionError("looking for hooks must not ask the object")


class Inherited(Hook):
    @hookimpl
    def post_step(self, step):
        pass


class Overridden(Hook):
    clip = None


@pytest.fixture(autouse=True)
def _names(registered):
    registered(Plain, "plain")
    registered(Scale, "scale")


def problems_of(**values):
    with pytest.raises(ConfigError) as caught:
        Plain(**values)
    return {problem.path: problem.rule for problem in caught.value.problems}


def test_defaults_are_those_of_keras_2_15():
    assert Plain().dump() == {
        "use": "plain",
        "name": None,
        "weight_decay": None,
        "clipnorm": None,
        "clipvalue": None,
        "global_clipnorm": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "ema_overwrite_frequency": None,
        "jit_compile": True,
        "sparse": "exact",
        "state_dtype": None,
        "pack_small_variables": True,
        "sharded_state": False,
        "exclude_from_weight_decay": [],
        "processors": [],
    }


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("name", ["x", None], [3, True]),
        ("weight_decay", [None, 0, 0.1], [-1, "0", True]),
        ("clipnorm", [None, 1, 0.5], [0, -1, False]),
        ("clipvalue", [None, 1, 0.5, abs], [0, -1, float]),
        ("global_clipnorm", [None, 1, 0.5], [0, -1, float("inf")]),
        ("use_ema", [True, False], [1, 0, "yes", None]),
        ("ema_momentum", [0, 1, 0.9], [1.1, -0.1, None]),
        ("ema_overwrite_frequency", [None, 1, 100], [0, -1, 1.0, True]),
        ("jit_compile", [True, False, "auto"], ["yes", 1, None]),
        ("state_dtype", [None, "float32", "bfloat16"], ["float64", 16]),
        ("exclude_from_weight_decay", [[], ["*/bias"], ("a",)], ["*/bias", [3], None]),
        ("processors", [[], ()], [None, "scale", {"use": "scale"}, Hook()]),
    ],
)
def test_what_each_field_accepts(field, good, bad):
    for value in good:
        assert getattr(Plain(**{"use_ema": True, field: value}), field) == (
            tuple(value) if isinstance(value, list) else value
        )
    for value in bad:
        (path,) = problems_of(**{field: value})
        assert path[0] == field


@pytest.mark.parametrize("pair", [*itertools.combinations(["clipnorm", "clipvalue", "global_clipnorm"], 2)])
def test_two_clips_are_refused(pair):
    first, second = pair
    assert problems_of(**{second: 1.0, first: 1.0}) == {(second,): f"cannot be combined with {first}"}
    assert Plain(**{first: 1.0, second: None}).model_dump()[first] == 1.0


def test_a_clip_too_many_does_not_hide_other_problems():
    found = problems_of(clipnorm=1.0, global_clipnorm=1.0, use_ema=3, clipvalue=1.0)
    assert set(found) == {("clipvalue",), ("global_clipnorm",), ("use_ema",)}


def test_each_form_of_a_processor():
    class Processor:
        config = Scale(factor=4)

    given = ["scale", {"use": "scale", "factor": 3}, Scale(), Processor(), Hook(), Inherited()]
    entries = Plain(processors=given).processors
    assert entries[:3] == (Scale(), Scale(factor=3), Scale())
    assert entries[3:] == tuple(given[3:])


def test_problems_of_processors_have_their_place():
    found = problems_of(
        processors=[
            "scale",
            "scael",
            {"use": "scale", "factor": "x", "only": "*", "min_ndim": -1},
            3,
            Hook,
            object(),
            Plain(),
        ]
    )
    assert list(found) == [
        ("processors", 1),
        ("processors", 2, "factor"),
        ("processors", 2, "only"),
        ("processors", 2, "min_ndim"),
        ("processors", 3),
        ("processors", 4),
        ("processors", 5),
        ("processors", 6),
    ]
    assert found["processors", 4] == "must be an object, not a class"
    assert "an object with hooks" in found["processors", 5]
    assert found["processors", 6] == "must be one of the processors, not of the optimizers"


def test_an_optimizer_is_no_processor():
    class Optimizer:
        config = Plain()

    assert "an object with hooks" in problems_of(processors=[Optimizer()])["processors", 0]


def test_hooks_are_found_by_their_mark_alone():
    assert hook_names(Hook()) == ("clip",)
    assert hook_names(Inherited) == ("clip", "post_step")
    assert hook_names(Overridden()) == ()
    assert hook_names(object()) == ()
    assert hook_names(3) == ()


def test_processors_dump_and_read_back():
    class Processor:
        config = Scale(factor=4, only=("*/kernel",), name="late")

    config = Plain(processors=["scale", Processor()])
    dumped = config.dump()["processors"]
    base = {"use": "scale", "name": None, "only": [], "skip": [], "min_ndim": 0}
    assert dumped == [base | {"factor": 2.0}, base | {"factor": 4.0, "only": ["*/kernel"], "name": "late"}]
    read = resolve("optimizers", json.loads(json.dumps(config.dump())))
    assert read.processors == (Scale(), Processor.config)


def test_a_registered_hook_dumps_by_its_name():
    register(Hook, "a_hook")
    try:
        dumped = Plain(processors=[Hook()]).dump()
        assert dumped["processors"] == [
            {"use": "a_hook", "name": None, "only": [], "skip": [], "min_ndim": 0}
        ]
        (config,) = resolve("optimizers", dumped).processors
        assert isinstance(config.create(), Hook)
    finally:
        registry.unregister("processors", "a_hook")


def test_a_hook_without_a_name_cannot_be_dumped():
    with pytest.raises(ConfigError, match=r"^processors\[1\]: has no name.*Hint: .*optiplug\.register"):
        Plain(processors=["scale", Hook()]).dump()


def test_the_schema_of_processors_selects_by_name():
    schema = Plain.model_json_schema()["properties"]["processors"]
    assert schema["type"] == "array"
    assert [form["type"] for form in schema["items"]["anyOf"]] == ["string", "object"]
    assert "order in which they run" in schema["description"]


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        (OptimizerConfig, "optimizers"),
        (ProcessorConfig, "processors"),
        (TaskConfig, "tasks"),
        (CommandConfig, "commands"),
    ],
)
def test_kinds(base, kind):
    assert base.kind == kind
