"""Statements of TOML are found where they are."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from optiplug.document import parse

TOML_VALUES = st.sampled_from(
    ["1", "-1.5e3", "true", '"a ] # \\" b"', "'x = ['", '""""a"\n"" b"""', "'''\n[k]\n'''", "[]", "{}"]
) | st.sampled_from(
    [
        "[1, # ] \n\n  2,]",
        "{a.b = 1, c = [2]}",
        "[[{x = ']'}], [[]]]",
        '"\\u00e9"  # k = 1',
        '"""\\"' + '"' * 5,
    ]
)
TOML_KEYS = st.sampled_from(["{}", '"{}"', "'a.{}'"])


@given(st.lists(st.tuples(TOML_KEYS, TOML_VALUES), min_size=1), st.booleans())
def test_toml_statements_are_found_where_they_are(statements, tables):
    text, expected = "", {}
    for number, (form, value) in enumerate(statements):
        text += f"[[t]]  # {number}\n" if tables else "\n"
        key, line = form.format(f"k{number}"), text.count("\n") + 1
        (name,) = tomllib.loads(f"{key} = 0")
        text += f"{key} = {value}\n"
        expected[("t", number, name) if tables else (name,)] = ((line, 1), (line, len(key) + 4))
    document = parse(text, "toml")
    assert document.data == tomllib.loads(text)
    assert {path: (document.keys[path], document.values[path]) for path in expected} == expected
