"""Any data comes back as it was written; any text is data or a ConfigError."""

from __future__ import annotations

import io
import json
import re
import tomllib

import tomli_w
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from optiplug.document import parse, read
from optiplug.errors import ConfigError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=20)
KEYS = st.sampled_from(["use", "a b", "a.b", "", "1", "null", "<<", '"', "#", "=", "\u00e9"]) | TEXT
SCALARS = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
FORMATS = st.sampled_from(["yaml", "json", "toml"])
# Pieces of syntax reach further into a reader than random characters do.
PIECES = st.lists(
    st.sampled_from("[]{},:=#\"'\n\t -?&*!|>%@`\\.+_~<\0\x85\u2028\ufeff")
    | st.sampled_from(
        ["\r\n", '"""', "'''", "[[", "]]", "---", "...", "key", "1", "0x", "1e5", "nan", "null"]
    )
    | st.sampled_from(["2001-01-01", "12:00", "<<", "\\x", "\\u12", "\\ud800", "%YAML 1.2\n", "!!int "])
    | st.sampled_from(["a = 1\n", "a.b = [", "[a]\n", "[[a]]\n", "a: ", "- ", '{"a": ']),
    max_size=25,
).map("".join)


def mappings(scalars):
    values = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(KEYS, values, min_size=1, max_size=4)


def paths(value, path=()):
    """Yield the path of every value in `value`."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def check(text, format, expected):
    document = parse(text, format)
    assert document.data == expected
    assert repr(document.data) == repr(expected)  # 1 is not 1.0 is not True, and the order is kept
    assert set(document.values) == set(paths(expected))
    assert set(document.keys) == {path for path in paths(expected) if path and isinstance(path[-1], str)}


@given(mappings(SCALARS | st.none()), st.sampled_from([None, 0, 2]), st.booleans())
def test_json_round_trip(data, indent, ascii_only):
    check(json.dumps(data, indent=indent, ensure_ascii=ascii_only), "json", data)


@given(mappings(SCALARS | st.none()))
def test_json_text_in_one_line_is_yaml_too(data):
    text = json.dumps(data, ensure_ascii=True).replace("\\ud", "\\\\ud")  # YAML has no surrogate pairs
    try:
        expected = json.loads(text)
    except json.JSONDecodeError:
        return
    assert parse(text, "yaml").data == expected


@given(mappings(SCALARS | st.none()), st.booleans())
def test_yaml_round_trip(data, unicode):
    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.allow_unicode = unicode
    writer.width = 10_000  # it folds escapes wrongly
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.dump(data, stream)
    text = stream.getvalue()
    assume(not re.search("[\x85\u2028\u2029]", text))  # which the writer leaves in and its own reader changes
    check(text, "yaml", data)


@given(mappings(SCALARS))
def test_toml_round_trip(data):
    text = tomli_w.dumps(data)
    check(text, "toml", tomllib.loads(text))
    assert tomllib.loads(text) == data


def outcome(reader, *arguments):
    """Return a document, or the ConfigError in its place; anything else that is raised fails the test."""
    try:
        return reader(*arguments)
    except ConfigError as error:
        return error


@given(PIECES | st.text(max_size=200), FORMATS)
def test_any_text_is_data_or_a_config_error(text, format):
    result = outcome(parse, text, format, "file")
    if isinstance(result, ConfigError):
        assert all(problem.position.startswith("file") for problem in result.problems)
    else:
        assert set(result.values) == set(paths(result.data))


@given(st.binary(max_size=200), st.sampled_from([".yaml", ".json", ".toml"]))
def test_any_bytes_are_data_or_a_config_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    result = outcome(read, path)
    assert not isinstance(result, ConfigError) or str(result).startswith(str(path))
