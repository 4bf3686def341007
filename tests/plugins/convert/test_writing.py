"""The YAML that is written: read again it is the config, by readers of YAML 1.1 as well."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from optiplug.document import parse
from optiplug_convert import as_yaml, convert
from optiplug_convert.conversion import Conversion
from optiplug_convert.numbers import unrounded
from support.conversion_samples import TABLES, rows

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdef"), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("row", [pytest.param(each, id=f"{each[0]}: {each[1]}") for each in rows()])
def test_what_is_written_is_read_by_both_versions(row):
    table, name, _ = row
    told = convert(TABLES[table][1](name, {}), partial=True)
    text = as_yaml(told)

    assert parse(text, "yaml").data == yaml.safe_load(text) == plain(told.fields)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


@given(fields=st.dictionaries(st.sampled_from("abcdef"), VALUES, max_size=4), note=TEXTS, path=st.data())
def test_any_comment_leaves_the_values_alone(fields, note, path):
    places = [(), *((key,) for key in fields)]
    places += [
        (key, place) for key, item in fields.items() if isinstance(item, list) for place in range(len(item))
    ]
    notes = {path.draw(st.sampled_from(places)): [note]}
    text = as_yaml(Conversion("keras", {"use": "sgd", **fields}, notes, ()))

    assert yaml.safe_load(text) == {"use": "sgd", **fields}
    assert all(
        character.isprintable() for line in text.split("\n") if line.startswith("#") for character in line
    )


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_is_the_same_in_float32_and_short(number):
    import numpy as np

    found = unrounded(number)

    assert np.float32(found) == np.float32(number)
    assert len(repr(found)) <= len(repr(number))
