"""The tables of optiplug-convert: every row and argument is read, and every class of others is in one."""

from __future__ import annotations

import inspect
import re

import pytest

from optiplug import ConfigError, registry
from optiplug_convert import convert
from optiplug_convert.rules import Neutral
from support.conversion_samples import TABLES, rows, sample, unsupported
from support.project_paths import ROOT

ROWS = [pytest.param(table, name, row, id=f"{table}: {name}") for table, name, row in rows()]
# What an argument is only beside another one, which the tables say of themselves.
BESIDE = {
    "nesterov": {"momentum": 0.5},
    "ema_momentum": {"use_ema": True},
    "ema_overwrite_frequency": {"use_ema": True},
    "total_steps": {"learning_rate": 0.25},
    "exclude_from_weight_decay": {"weight_decay_rate": 0.01},
}


def form_of(table, name, row, arguments):
    beside = {key: value for given in arguments for key, value in BESIDE.get(given, {}).items()}
    fitting = {key: value for key, value in beside.items() if key in row.arguments}
    return TABLES[table][1](name, {**fitting, **arguments})


@pytest.mark.parametrize(("table", "name", "row"), ROWS)
def test_a_row_is_read_with_the_defaults_of_its_class(table, name, row):
    told = convert(form_of(table, name, row, {}), partial=True)

    refused = {rule for rule in row.arguments.values() if isinstance(rule, Neutral)}
    assert told.left_out == () or refused
    assert told.fields["use"]


@pytest.mark.parametrize(("table", "name", "row"), ROWS)
def test_every_argument_of_a_row_is_read(table, name, row):
    for argument, rule in row.arguments.items():
        value = sample(name, argument)
        assert value is not None
        form = form_of(table, name, row, {argument: value})
        told = convert(form, partial=True)

        left = [problem for problem in told.left_out if problem.path[-1:] == (argument,)]
        neutral = isinstance(rule, Neutral) and value in rule.values
        assert bool(left) == (isinstance(rule, Neutral) and not neutral), argument
        if left:
            with pytest.raises(ConfigError, match=re.escape(str(left[0]))):
                convert(form)


@pytest.mark.parametrize(("table", "name", "row"), ROWS)
def test_an_unknown_argument_is_refused_by_name(table, name, row):
    nearest = next(iter(row.arguments), "")
    form = form_of(table, name, row, {f"{nearest}x": 1})
    with pytest.raises(ConfigError, match=f"{nearest}x: is no argument") as caught:
        convert(form)

    assert not nearest or "did you mean" in str(caught.value)


@pytest.mark.parametrize(("table", "name"), list(unsupported()))
def test_what_has_no_counterpart_says_why(table, name):
    content, form = TABLES[table]
    with pytest.raises(ConfigError, match=re.escape(content[name].why)):
        convert(form(name, {}))


def test_every_optimizer_of_keras_is_in_a_table():
    keras = pytest.importorskip("keras").optimizers
    known = {*TABLES["keras"][0], "LossScaleOptimizer", "MultiOptimizer"}

    assert classes(keras) - known == set()
    assert classes(keras) >= {"SGD", "Adam", "Muon"}


def test_every_optimizer_of_tf_keras_is_in_a_table():
    optimizers = pytest.importorskip("tf_keras").optimizers
    known = {*TABLES["keras"][0], "LossScaleOptimizer"}

    assert classes(optimizers) - known == set()
    assert classes(optimizers.legacy) - {*TABLES["legacy"][0]} == set()
    assert len(classes(optimizers.legacy)) > 7


@pytest.mark.parametrize("module", ["keras", "tf_keras"])
def test_every_schedule_of_keras_can_be_converted(module):
    schedules = pytest.importorskip(module).optimizers.schedules
    names = classes(schedules) - {"LearningRateSchedule"}
    needs = {
        "initial_learning_rate": 0.5,
        "decay_steps": 3,
        "decay_rate": 0.5,
        "first_decay_steps": 3,
        "boundaries": [2],
        "values": [0.5, 0.1],
    }

    assert len(names) == 6
    for name in names:
        taken = inspect.signature(getattr(schedules, name).__init__).parameters
        made = getattr(schedules, name)(**{key: value for key, value in needs.items() if key in taken})
        form = {"class_name": name, "config": made.get_config()}
        told = convert({"class_name": "SGD", "config": {"learning_rate": form}})
        assert told.fields["learning_rate"]["use"]


def resolved(form):
    fields = dict(convert(form).fields)
    return registry.get("optimizers", fields.pop("use"))(**fields)


def classes(module):
    return {name for name, value in vars(module).items() if inspect.isclass(value)}


@pytest.mark.parametrize("module", ["keras", "tf_keras", "tf_keras.legacy"])
def test_arguments_of_keras_are_those_of_the_tables(module):
    root, _, legacy = module.partition(".")
    optimizers = pytest.importorskip(root).optimizers
    optimizers, table = (optimizers.legacy, "legacy") if legacy else (optimizers, "keras")
    content, _ = TABLES[table]
    for name in classes(optimizers) & content.keys():
        if hasattr(content[name], "arguments"):
            taken = set(inspect.signature(getattr(optimizers, name).__init__).parameters)
            assert taken - {"self", "kwargs"} - content[name].arguments.keys() == set(), name


@pytest.mark.parametrize("module", ["keras", "tf_keras", "tf_keras.legacy"])
def test_defaults_of_keras_are_those_of_the_tables(module):
    root, _, legacy = module.partition(".")
    optimizers = pytest.importorskip(root).optimizers
    optimizers, table = (optimizers.legacy, "legacy") if legacy else (optimizers, "keras")
    content, form = TABLES[table]
    for name in classes(optimizers) & content.keys():
        if hasattr(content[name], "arguments"):
            config = getattr(optimizers, name)().get_config()
            age = {"is_legacy_optimizer": False} if module == "tf_keras" else {}
            assert resolved(form(name, config)) == resolved(form(name, age)), name


def transformations(optax):
    """Return the functions of optax that make a transformation or a schedule, by name."""
    found = {}
    for name, value in vars(optax).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            returned = str(inspect.signature(value).return_annotation)
            if "GradientTransformation" in returned or "Schedule" in returned:
                found[name] = value
    return found


def test_every_function_of_optax_is_in_a_table():
    from optiplug_convert.sources.optax_transforms import UNSUPPORTED

    optax = pytest.importorskip("optax")
    known = {"chain", *UNSUPPORTED}
    for table in TABLES:
        if table.startswith("optax"):
            known |= TABLES[table][0].keys()

    assert transformations(optax).keys() - known == set()
    assert len(transformations(optax)) > 80


def test_arguments_of_optax_are_those_of_the_tables():
    optax = pytest.importorskip("optax")
    for table in ("optax", "optax schedules", "optax before", "optax directions", "optax rates"):
        content, _ = TABLES[table]
        for name, row in content.items():
            if hasattr(row, "arguments"):
                taken = set(inspect.signature(getattr(optax, name)).parameters)
                assert taken - row.arguments.keys() == set(), name


def test_defaults_of_optax_are_those_of_the_tables():
    optax = pytest.importorskip("optax")
    content, form = TABLES["optax"]
    for name, row in content.items():
        if not hasattr(row, "arguments"):
            continue
        taken = inspect.signature(getattr(optax, name)).parameters
        given = {
            key: each.default
            for key, each in taken.items()
            if isinstance(each.default, bool | int | float | str) and (each.default or key != "weight_decay")
        }
        full, empty = form(name, given), form(name, {})
        if name in {"adafactor", "adadelta"}:
            del full["learning_rate"], empty["learning_rate"]
        assert resolved(full) == resolved(empty), name


def test_every_class_of_addons_is_in_a_table():
    page = (ROOT / "docs" / "migrating-from-tfa.md").read_text()
    section = page.partition("| `tfa.optimizers` | here")[2].partition("\n\n")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    known = {name for table in TABLES if table.startswith("addons") for name in TABLES[table][0]}

    assert named - known == {"CyclicalLearningRate"}
    assert len(named) == 23


TORCH = (
    "ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam Optimizer RAdam RMSprop Rprop SGD "
    "SparseAdam"
)
TORCH_SCHEDULERS = (
    "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR "
    "LRScheduler LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau "
    "SequentialLR StepLR"
)


def test_every_class_of_torch_is_in_a_table():
    assert set(TORCH.split()) == TABLES["torch"][0].keys()
    assert {*TABLES["torch schedulers"][0], "SequentialLR", "ChainedScheduler"} == {
        *TORCH_SCHEDULERS.split(),
        "SWALR",
    }
