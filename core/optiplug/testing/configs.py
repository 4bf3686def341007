"""Checks of configs, which need no TensorFlow: what every kind of plugin promises."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from functools import cache, partial

import numpy as np

from optiplug import registry
from optiplug._config.base import NamedConfig, resolve
from optiplug._config.hyperparameters import in_float32
from optiplug.errors import ConfigError
from optiplug.registry import SESSION

from .check import NotApplicable, check, require

# In float32 they are 0, 0 where XLA computes, 1 and infinite.
_NEAR_A_BOUND = (1e-46, 1e-39, 1 - 1e-9, 1e39)


@check()
def survives_json(config: NamedConfig) -> None:
    """Its config, written out as JSON and read again, is the same config."""
    text = json.dumps(config.dump(), allow_nan=False)
    again = resolve(config.kind, json.loads(text))
    require(again == config, "the config read back must equal the one written", received=again)
    require(json.dumps(again.dump()) == text, "written out again, it must be the same text", received=text)


@check()
def refuses_unknown_keys(config: NamedConfig) -> None:
    """A hyperparameter that does not exist is refused, by name."""
    _require_refusal(config, "no_such_hyperparameter", 1)


@check()
def refuses_what_is_no_number(config: NamedConfig) -> None:
    """NaN, infinity and a boolean are refused wherever a number is wanted."""
    for name, value in config:
        if isinstance(value, int | float) and not isinstance(value, bool):
            for wrong in (math.nan, math.inf, True):
                _require_refusal(config, name, wrong)


@check()
def takes_numbers_of_numpy(config: NamedConfig) -> None:
    """A number of NumPy, alone or in an array, is as good as one of Python; a truth value is none."""
    for name, value in config:
        if isinstance(value, int | float) and not isinstance(value, bool):
            for number in (np.asarray(value), np.asarray(value)[()]):
                where = f"{name} as {type(number).__name__}"
                require(_accepts(config, name, number), "must be accepted", where=where, received=number)
                again = type(config)(**{**dict(config), name: number})
                require(again == config, "must give the same config", where=where, received=again)
            _require_refusal(config, name, np.True_)


@check("optimizers", "processors", "schedules")
def keeps_its_bounds_in_float32(config: NamedConfig) -> None:
    """A number that it accepts is within the same bounds in float32, in which a step computes."""
    for name, value in config:
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            for number in filter(partial(_accepts, config, name), _NEAR_A_BOUND):
                single = in_float32(number)
                require(
                    single and _accepts(config, name, single),
                    f"{number!r} must be refused: a step computes with {single!r}",
                    where=name,
                    hint="the types of fields that optiplug has, such as PositiveFloat, refuse it",
                )


@check()
def is_documented(config: NamedConfig) -> None:
    """It has a summary that ends with a period, and every hyperparameter has a description."""
    kind, fields = type(config), type(config).model_fields
    require(kind.summary().endswith("."), "the docstring must start with a sentence", received=kind.__doc__)
    bare = [name for name, each in fields.items() if not each.description]
    require(not bare, "every field must have a docstring below it", received=bare)


@check()
def has_an_example(config: NamedConfig) -> None:
    """The hyperparameters in its `example`, by default none, are enough to create it."""
    type(config)(**config.example)


@check()
def is_listed_without_tensorflow(config: NamedConfig) -> None:
    """Importing its config does not import TensorFlow."""
    module, name = type(config).__module__, type(config).__qualname__
    installed = [each for each in registry.entries(config.kind) if each.distribution != SESSION]
    entry = next((each for each in installed if each.target == f"{module}:{name}"), None)
    if entry is None:
        raise NotApplicable("no entry point names it")
    if module in _light_modules(entry.distribution):
        return
    done = _imported(module)  # by itself: another module of its distribution may be the culprit
    require(not done.returncode, f"{module} must not import tensorflow", received=done.stderr)


_UNTIL_HEAVY = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    if "tensorflow" in sys.modules:
        break
    print(name)
"""


@cache
def _light_modules(distribution: str) -> frozenset[str]:
    """Return the modules of configs that one process imports, in order, until one imports TensorFlow."""
    entries = [each for each in registry.entries() if each.distribution == distribution]
    modules = dict.fromkeys(each.target.partition(":")[0] for each in entries)
    done = _python(_UNTIL_HEAVY, *modules)
    return frozenset(done.stdout.split())


@cache
def _imported(module: str) -> subprocess.CompletedProcess[str]:
    """Import a module in a process of its own, which fails if that imports TensorFlow."""
    return _python(f"import sys, {module}; sys.exit('tensorflow' in sys.modules)")


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # names of modules


def _accepts(config: NamedConfig, name: str, value: object) -> bool:
    try:
        type(config)(**{**dict(config), name: value})
    except ConfigError:
        return False
    return True


def _require_refusal(config: NamedConfig, name: str, value: object) -> None:
    try:
        type(config)(**{**dict(config), name: value})
    except ConfigError as error:
        named = any(name in problem.path for problem in error.problems)
        require(named, f"the error must name {name!r}", received=str(error))
    else:
        require(False, f"{value!r} must be refused", where=name, received=value)
