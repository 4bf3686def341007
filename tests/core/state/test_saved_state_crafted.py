"""A checkpoint that is another tree than that of an optimizer is refused, or restores the true state."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

from support.crafted_checkpoints import (
    Text,
    assert_refused_or_equal,
    at,
    crafted,
    node,
    true_checkpoint,
    variables,
)

DESCRIPTION, STORE = true_checkpoint()
TRUE = json.dumps(DESCRIPTION)
KERNEL, PACK = "momentum/kernel", "momentum/pack:0"
SHARED = {name: STORE[name] for name in ("iterations", "learning_rate")}
JOINED = np.concatenate([STORE[KERNEL].reshape(-1), STORE["momentum/bias"]])


def state(**changes):
    """Return what a checkpoint has of the optimizer, with other children by name."""
    kept = {name: value for name, value in STORE.items() if changes.get(name, 0) is not None}
    new = {name: value for name, value in changes.items() if value is not None}
    return node(state=node(by_name={**variables(kept), **new}), manifest=Text(TRUE))


def saved_model(packed, description=DESCRIPTION, names=SHARED, **more):
    return node(
        state=node(by_name=variables(names), packed=packed, **more), manifest=Text(json.dumps(description))
    )


def joined(value=JOINED):
    return {PACK: tf.Variable(value)}


REFUSED = {
    "no manifest": lambda: node(state=node(by_name=variables(STORE))),
    "no state": lambda: node(manifest=Text(TRUE)),
    "a number as manifest": lambda: node(state=node(by_name=variables(STORE)), manifest=tf.Variable(1.0)),
    "a manifest without text": lambda: node(state=node(by_name=variables(STORE)), manifest=node()),
    "a variable as state": lambda: node(state=tf.Variable(1.0), manifest=Text(TRUE)),
    "a text as state": lambda: node(state=Text(TRUE), manifest=Text(TRUE)),
    "a variable for all names": lambda: node(state=node(by_name=tf.Variable(1.0)), manifest=Text(TRUE)),
    "no names": lambda: node(state=node(), manifest=Text(TRUE)),
    "one missing": lambda: state(**{KERNEL: None}),
    "one without value": lambda: state(**{KERNEL: node()}),
    "a text": lambda: state(**{KERNEL: Text("x")}),
    "texts": lambda: state(**{KERNEL: tf.Variable([["a", "b"], ["c", "d"]])}),
    "one too many": lambda: state(**{"momentum/x": tf.Variable(1.0)}),
    "one twice": lambda: state(**{f"{KERNEL}@float32": tf.Variable(STORE[KERNEL])}),
    "another shape": lambda: state(**{KERNEL: tf.Variable(np.zeros([3, 2], "float32"))}),
    "another dtype": lambda: state(**{KERNEL: tf.Variable(np.zeros([2, 2], "float64"))}),
    "a rate as counter": lambda: state(iterations=tf.Variable(3.0)),
}
IN_SAVED_MODEL = {
    "too short": lambda: saved_model(joined(JOINED[:-1])),
    "a scalar": lambda: saved_model(joined(JOINED[0])),
    "texts": lambda: saved_model(joined(np.array(["a"] * 6))),
    "another dtype": lambda: saved_model(joined(JOINED.astype("float64"))),
    "a text": lambda: saved_model({PACK: Text("x")}),
    "without value": lambda: saved_model({PACK: node()}),
    "packed and not": lambda: saved_model(joined(), names=STORE),
    "no packs told": lambda: saved_model(joined(), at(("packs",), {})),
    "none there": lambda: saved_model({}),
    "a variable for all": lambda: saved_model(tf.Variable(JOINED)),
    "unknown size": lambda: saved_model(joined(), at(("state", KERNEL), ["float32", [None, 2]])),
}
EQUAL = {
    "the true one": state,
    "more beside it": lambda: node(
        state=node(by_name=variables(STORE), more=tf.Variable(1.0)), manifest=Text(TRUE)
    ),
    "the suffix of a wider dtype": lambda: state(
        **{KERNEL: None, f"{KERNEL}@float32": tf.Variable(STORE[KERNEL])}
    ),
}


@pytest.mark.parametrize("moment", ["after build", "before build"])
@pytest.mark.parametrize("kind", REFUSED)
def test_another_tree_is_refused(tmp_path, kind, moment):
    assert not assert_refused_or_equal(crafted(tmp_path, REFUSED[kind]()), moment)


@pytest.mark.parametrize("kind", REFUSED)
def test_another_tree_is_refused_by_read_state(tmp_path, kind):
    # Without a description it still has all arrays by name, which are checked when they are loaded.
    told = kind in {"no manifest", "a number as manifest", "a manifest without text"}
    assert assert_refused_or_equal(crafted(tmp_path, REFUSED[kind]()), "read_state") == told


@pytest.mark.parametrize("moment", ["after build", "read_state"])
@pytest.mark.parametrize("kind", IN_SAVED_MODEL)
def test_another_saved_model_is_refused(tmp_path, kind, moment):
    assert not assert_refused_or_equal(crafted(tmp_path, IN_SAVED_MODEL[kind]()), moment)


@pytest.mark.parametrize("moment", ["after build", "before build", "read_state"])
@pytest.mark.parametrize("kind", EQUAL)
def test_what_is_more_or_called_otherwise_restores(tmp_path, kind, moment):
    assert assert_refused_or_equal(crafted(tmp_path, EQUAL[kind]()), moment)


@pytest.mark.parametrize("moment", ["after build", "read_state"])
def test_variables_of_functions_are_no_state(tmp_path, moment):
    tree = saved_model(joined(), scratches={"0": tf.Variable(1.0)})
    assert assert_refused_or_equal(crafted(tmp_path, tree), moment)
