"""Reads what Keras writes of an optimizer, with the wrappers around it and those of TensorFlow Addons."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import replace

from optiplug.errors import ConfigError, Problem
from optiplug_convert.draft import Draft, Path
from optiplug_convert.filling import fill, found, mapping
from optiplug_convert.numbers import unrounded
from optiplug_convert.rules import Arguments, Row

from .addons import ADDONS
from .addons_wrappers import WRAPPERS
from .keras import OPTIMIZERS, TF_KERAS_DEFAULTS
from .keras_arguments import LEGACY, TF_KERAS, adjusted, compared, generation
from .keras_legacy import LEGACY_OPTIMIZERS

__all__ = ["COMPILED", "addons", "keras"]

COMPILED = (
    "optimizer",
    "loss",
    "loss_weights",
    "metrics",
    "weighted_metrics",
    "run_eagerly",
    "steps_per_execution",
    "jit_compile",
    "auto_scale_loss",
)
"""The keys of a compile config of Keras."""

_SERIALIZED = {"class_name", "config", "module", "registered_name", "build_config", "shared_object_id"}
_NUMBERED = re.compile(r"_\d+$")
_SCALED = ("LossScaleOptimizer", "LossScaleOptimizerV3")
_NESTED = ("inner_optimizer", "dynamic", "initial_scale", "dynamic_growth_steps", "name")


def keras(data: Arguments) -> Draft:
    """Convert a serialized optimizer, what `get_config` returned, or a compile config with one."""
    path, form = _located(unrounded(data))
    return _optimizer(form, path, in_addons=False)


def addons(data: Arguments) -> Draft:
    """Convert a class of TensorFlow Addons with its arguments."""
    path, form = _located(unrounded(data))
    return _optimizer(form, path, in_addons=True)


def _located(data: Arguments) -> tuple[Path, Arguments]:
    """Return where in a document the optimizer is, as a class and its arguments."""
    if "class_name" in data:
        return (), data
    if isinstance(data.get("compile_config"), Mapping):
        path, form = _located(mapping(data["compile_config"], ("compile_config",)))
        return ("compile_config", *path), form
    if "optimizer" in data:
        _require(data, COMPILED, ())
        return ("optimizer",), _serialized(data["optimizer"], ("optimizer",))
    if "name" not in data:
        hint = 'write {"class_name": ..., "config": ...}, as keras.optimizers.serialize does'
        raise ConfigError([Problem((), "does not say which class of optimizer it is", hint=hint)])
    return (), {"class_name": data["name"], "config": data}


def _serialized(form: object, path: Path) -> Arguments:
    """Return an optimizer as a class and its arguments; a name has none."""
    return {"class_name": form, "config": {}} if isinstance(form, str) else mapping(form, path)


def _require(form: Arguments, known: Container[str], path: Path) -> None:
    """Raise an error for keys that nothing here would read."""
    strange = [key for key in form if key not in known]
    if strange:
        hint = "arguments of an optimizer are in its `config`"
        problems = [Problem((*path, key), "is not read here", form[key], hint, key=True) for key in strange]
        raise ConfigError(problems)


def _optimizer(form: object, path: Path, *, in_addons: bool) -> Draft:
    """Convert one optimizer, whatever is around it."""
    form = _serialized(form, path)
    _require(form, _SERIALIZED, path)
    name = str(form.get("class_name"))
    config = form.get("config", {}) or {}
    # What `get_config` returns has no part of its own for the arguments.
    here = path if config is form else (*path, "config")
    config = mapping(config, here)
    prefixed = in_addons or name.startswith("Addons>") or "tensorflow_addons" in str(form.get("module"))
    name = name.removeprefix("Addons>")
    if name in WRAPPERS:
        return _wrapped(name, config, here)
    if name in _SCALED:
        return _scaled(config, here)
    if name == "MultiOptimizer" and not prefixed:
        return _several(config, here)
    age = generation(form, config)
    if prefixed or (name in ADDONS and name not in OPTIMIZERS):
        return _filled(found(ADDONS, name, (*path, "class_name"), "TensorFlow Addons"), config, here, LEGACY)
    table = LEGACY_OPTIMIZERS if age == LEGACY and _class(name, LEGACY_OPTIMIZERS) else OPTIMIZERS
    known = _class(name, table) or name
    place = (*path, "name") if config is form else (*path, "class_name")
    row = found(table, known, place, "Keras")
    if age == TF_KERAS and known in TF_KERAS_DEFAULTS:
        row = replace(row, defaults={**row.defaults, **TF_KERAS_DEFAULTS[known]})
    return _filled(row, config, here, age)


def _class(name: str, table: Mapping[str, object]) -> str | None:
    """Return the class that a name stands for: ``adam_w_1`` is AdamW, ``experimental_sgd`` SGD."""
    plain = _plain(_NUMBERED.sub("", name))
    return next((each for each in table if _plain(each) == plain), None)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").removeprefix("experimental")


def _filled(row: Row, config: Arguments, path: Path, age: str) -> Draft:
    draft = Draft()
    fill(draft, row, adjusted(config, age), path)
    compared(draft, age)
    return draft


def _inner(config: Arguments, name: str, path: Path) -> Draft:
    if name not in config:
        raise ConfigError([Problem(path, f"must say which optimizer it is around, as `{name}`")])
    return _optimizer(config[name], (*path, name), in_addons=False)


def _scaled(config: Arguments, path: Path) -> Draft:
    """Put the loss scale before what else the optimizer has."""
    draft = _inner(config, "inner_optimizer", path)
    for name in config.keys() - set(_NESTED):
        draft.refuse((*path, name), "is no argument of LossScaleOptimizer", config[name], key=True)
    dynamic = config.get("dynamic", True)
    told = {"initial_scale": config.get("initial_scale"), "dynamic": None if dynamic else False}
    if dynamic:
        told["dynamic_growth_steps"] = config.get("dynamic_growth_steps")
    given = {name: value for name, value in told.items() if value is not None}
    draft.add("loss_scale", path, given, first=True)
    text = "Keras counts a step that overflowed, and here it does not count; 1 is the smallest scale here"
    draft.note(text, "processors", 0)
    return draft


def _several(config: Arguments, path: Path) -> Draft:
    """Make a group of each pattern, and one of all other variables."""
    here: Path = (*path, "optimizer_map")
    chosen = mapping(config.get("optimizer_map"), here)
    if chosen.get("class_name") != "OptimizerMap":
        raise ConfigError([Problem(here, "is a function of a variable, which a config cannot hold")])
    chosen, here = mapping(chosen.get("config"), (*here, "config")), (*here, "config")
    patterns = mapping(chosen.get("optimizer_map"), (*here, "optimizer_map"))
    draft, groups = Draft({"use": "partition"}), []
    for place, (pattern, form) in enumerate(patterns.items()):
        part = _optimizer(form, (*here, "optimizer_map", pattern), in_addons=False)
        group = {"name": f"group-{place + 1}", "only": [f"?re:^(?:{pattern})$"]}
        groups.append({**group, "optimizer": _grouped(part, draft, place)})
    part = _optimizer(chosen.get("default_optimizer"), (*here, "default_optimizer"), in_addons=False)
    groups.append({"name": "rest", "optimizer": _grouped(part, draft, len(groups))})
    draft.set("groups", groups, path)
    if config.get("loss_scale_factor"):
        scale = config["loss_scale_factor"]
        draft.add("loss_scale", (*path, "loss_scale_factor"), {"initial_scale": scale, "dynamic": False})
    draft.note("the first group that selects a variable has it; in Keras two that do are an error", "groups")
    return draft


def _grouped(part: Draft, draft: Draft, place: int) -> dict[str, object]:
    draft.left_out += part.left_out
    draft.adopt(part.notes, "groups", place, "optimizer")
    return part.as_config()


def _wrapped(name: str, config: Arguments, path: Path) -> Draft:
    """Convert an optimizer of Addons around another one, which becomes a processor of that one."""
    wrapper = WRAPPERS[name]
    around = {key: value for key, value in config.items() if key != wrapper.optimizer}
    if wrapper.passes_on:
        # Its other arguments are those of the class that it extends.
        inner = {key: value for key, value in around.items() if key not in wrapper.row.arguments}
        form = {"class_name": config.get(wrapper.optimizer), "config": inner}
        draft = _optimizer(form, path, in_addons=False)
        around = {key: value for key, value in around.items() if key not in inner}
    else:
        draft = _inner(config, wrapper.optimizer, path)
    extra = Draft()
    fill(extra, wrapper.row, around, path)
    wrapper.combine(draft, extra, path)
    return draft
