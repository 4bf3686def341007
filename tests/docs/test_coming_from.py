"""What the page for those who come from torch and optax says to be the same takes the same steps."""

from __future__ import annotations

import re

import numpy as np
import optax
import pytest
import tensorflow as tf

import optiplug
from optiplug.document import parse
from references import torch_optim
from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "coming-from-torch-and-optax.md").read_text()
RANDOM = np.random.default_rng(0)
START = RANDOM.normal(size=(4, 3))
# Of changing size and sign, and none so small that the place of an epsilon matters.
GRADIENTS = [
    RANDOM.choice([-1, 1], (4, 3)) * RANDOM.uniform(0.5, 1.5, (4, 3)) * 10.0 ** (step % 3 - 1)
    for step in range(8)
]


def rows(heading):
    """Return (code, config) of the lines of the first table below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].strip().partition("\n\n")[0]
    found = re.findall(r"^\| `(.+)` \| `(\{.+\})` \|$", section, re.MULTILINE)
    assert found
    return [pytest.param(code, parse(text, "yaml", "page").data, id=code[:60]) for code, text in found]


def ours(config):
    """Return the values of one variable after each step."""
    variable = tf.Variable(START, dtype=tf.float64, name="kernel")
    optimizer = optiplug.from_config({**config, "jit_compile": False})
    for gradient in GRADIENTS:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
        yield variable.numpy()


@pytest.mark.parametrize(("code", "config"), rows("Optimizers of torch"))
def test_torch(code, config):
    theirs = torch_optim.steps(eval(code, vars(torch_optim)), START, GRADIENTS)  # noqa: S307  # our own page

    np.testing.assert_allclose(list(ours(config)), list(theirs), rtol=1e-6, atol=1e-7)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("code", "config"), rows("Optimizers of optax"))
def test_optax(code, config):
    theirs = eval(code, vars(optax))  # noqa: S307  # our own page
    values = np.asarray(START, np.float32)
    state, after = theirs.init(values), []
    for gradient in GRADIENTS:
        updates, state = theirs.update(np.asarray(gradient, np.float32), state, values)
        values = np.asarray(optax.apply_updates(values, updates))
        after.append(values)

    np.testing.assert_allclose(list(ours(config)), after, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("code", "config"), rows("Schedules of optax"))
def test_schedules_of_optax(code, config):
    theirs = eval(code, vars(optax))  # noqa: S307  # our own page
    schedule = optiplug.registry.get("schedules", config["use"])
    mine = schedule(**{name: value for name, value in config.items() if name != "use"}).create()
    at = (0, 1, 7, 19, 20, 50, 99, 100, 150)

    np.testing.assert_allclose(
        [float(mine(step)) for step in at], [float(theirs(step)) for step in at], rtol=1e-6, atol=1e-8
    )


def test_every_name_of_ours_exists():
    names = re.findall(r"`optiplug\.(\w+)`", PAGE)

    assert [name for name in names if not hasattr(optiplug, name)] == []


def test_fields_that_are_named_exist():
    fields = {
        name
        for kind in ("optimizers", "processors")
        for entry in optiplug.registry.entries(kind)
        for name in optiplug.registry.load(entry).model_fields
    }
    tables = re.findall(r"^\| .+ \| (.+) \|$", PAGE, re.MULTILINE)
    named = {name for cell in tables for name in re.findall(r"`(\w+)(?:: [\d.]+)?`", cell)}

    assert {"learning_rate", "epsilon", "rho", "clipvalue"} <= named
    assert named - fields - {"processors", "only", "skip", "min_ndim", *dir(optiplug.Optimizer)} == set()
