"""Documents that are no description of an optimizer end in a message, and import nothing."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optiplug import ConfigError
from optiplug.errors import OptiplugError
from optiplug_convert import as_yaml, convert
from optiplug_convert.detection import LIBRARIES
from support.conversion_samples import TABLES, rows

KEYS = sorted(
    {
        "class_name",
        "config",
        "optimizer",
        "optax",
        "param_groups",
        "type",
        "transforms",
        "lr_scheduler",
        "use",
    }
    | {argument for _, _, row in rows() for argument in row.arguments}
)
NAMES = sorted({name for content, _ in TABLES.values() for name in content} | {"", "os.system", "__import__"})
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(NAMES)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=5),
    source=st.sampled_from([None, *LIBRARIES]),
)
def test_any_document_is_converted_or_refused(data, source):
    try:
        told = convert(data, source)
    except OptiplugError:
        return
    assert as_yaml(told)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(row=st.sampled_from(list(rows())), data=st.data())
def test_any_argument_is_converted_or_refused(row, data):
    table, name, content = row
    taken = st.sampled_from([*content.arguments, "other"])
    arguments = data.draw(st.dictionaries(taken, VALUES, max_size=4))
    try:
        told = convert(TABLES[table][1](name, arguments), partial=data.draw(st.booleans()))
    except OptiplugError:
        return
    assert as_yaml(told)


@pytest.mark.parametrize(
    "name",
    ["os:system", "builtins.eval", "../../etc/passwd", "keras.layers.Lambda", "__class__", "Add\u043ens>SGD"],
)
def test_names_are_looked_up_in_tables_only(name):
    with pytest.raises(ConfigError):
        convert({"class_name": name, "config": {"learning_rate": 0.1}})


def test_nothing_of_other_libraries_is_imported():
    code = """
        import sys
        from optiplug_convert import convert
        convert({"class_name": "Adam", "config": {"learning_rate": {
            "class_name": "ExponentialDecay",
            "config": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5}}}})
        convert({"optimizer": "AdamW", "lr": 0.1})
        convert({"optax": "adam", "learning_rate": 0.1})
        convert({"class_name": "Addons>Yogi", "config": {}})
        found = {"tensorflow", "keras", "tf_keras", "torch", "optax", "jax", "numpy"} & sys.modules.keys()
        sys.exit(f"imported: {found}" if found else 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )

    assert not done.returncode, done.stderr
