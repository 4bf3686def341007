"""Texts made to harm: each is refused, with a position, in a time that an ordinary file may take."""

from __future__ import annotations

import time

import pytest

from optiplug.document import limits, parse
from optiplug.errors import ConfigError

MEGABYTE = limits.BYTES - 64
SECONDS = 30  # the slowest takes 10 on a busy core; quadratic time would take hours

DEEP = "at most 32 levels deep"
HOSTILE = {
    "yaml flow": ("yaml", "[" * MEGABYTE, DEEP),
    "yaml block": ("yaml", "- " * 10_000, DEEP),
    "yaml keys": ("yaml", "? " * 10_000, "a key must be a text"),
    "yaml indented": ("yaml", "\n".join(" " * level + "a:" for level in range(1_400)), DEEP),
    "yaml many keys": (
        "yaml",
        "".join(f"k{index}: {{}}\n" for index in range(15_000)) + "k0: 1",
        "only once",
    ),
    "yaml tag": ("yaml", "!" + "a" * 100_000, "tags are not allowed"),
    "yaml anchor": ("yaml", "a: &" + "a" * MEGABYTE, "anchors"),
    "yaml never closed": ("yaml", 'a: "' + "a\n" * (MEGABYTE // 2), "this is not YAML"),
    "yaml folded": ("yaml", "a: >\n" + " a\n" * (MEGABYTE // 3), "65,536 characters"),
    "yaml documents": ("yaml", "--- {}\n" * (MEGABYTE // 7), "a file holds one document"),
    "yaml values": ("yaml", "\n".join(f"a{row}: [{'1,' * 9_000}]" for row in range(12)), "100,000 values"),
    "yaml wide escape": ("yaml", 'a: "\\UFFFFFFFF"', "this is not YAML"),
    "json flow": ("json", "[" * MEGABYTE, DEEP),
    "json objects": ("json", '{"a":' * 10_000, DEEP),
    "json never closed": ("json", '{"a": "' + '\\"' * (MEGABYTE // 2), "Unterminated"),
    "json quotes": ("json", '"' * MEGABYTE, "this is not JSON"),
    "json digits": ("json", '{"a": ' + "9" * MEGABYTE + "}", "64 bits"),
    "json values": (
        "json",
        "{" + ",".join(f'"{row}":[{"1," * 9_000}1]' for row in range(12)) + "}",
        "100,000",
    ),
    "toml flow": ("toml", "a = " + "[" * MEGABYTE, DEEP),
    "toml dotted key": ("toml", "a" + ".a" * (MEGABYTE // 2) + " = 1", DEEP),
    "toml spaced key": ("toml", "a" + " . a" * (MEGABYTE // 4) + " = 1", DEEP),
    "toml quoted key": ("toml", "a" + '."a"' * (MEGABYTE // 4) + " = 1", DEEP),
    "toml header": ("toml", "[a" + ".a" * (MEGABYTE // 2) + "]", DEEP),
    "toml tables": ("toml", "[[a]]\n" * 40_000, "10,000 items"),
    "toml never closed": ("toml", 'a = "' + '\\"' * (MEGABYTE // 2), "this is not TOML"),
    "toml never closed lines": ("toml", 'a = """' + '\\"""' * (MEGABYTE // 4), "this is not TOML"),
    "toml quotes": ("toml", '"' * MEGABYTE, "this is not TOML"),
    "toml apostrophes": ("toml", "'" * MEGABYTE, "this is not TOML"),
    "toml digits": ("toml", "a = -" + "9" * MEGABYTE, "4,300 digits"),
    "toml levels below levels": (
        "toml",
        "a = " + ("{" + ".".join("b" * 30) + " = ") * 30 + "1" + "}" * 30,
        DEEP,
    ),
}


@pytest.mark.sampled(13)
@pytest.mark.parametrize(("format", "text", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_is_refused_with_a_position_in_bounded_time(format, text, rule):
    start = time.process_time()
    with pytest.raises(ConfigError, match=rule) as caught:
        parse(text, format, "file")
    assert time.process_time() - start < SECONDS
    (problem,) = caught.value.problems
    assert problem.position.startswith("file:")
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("yaml", "a: " + "[" * 31 + "]" * 31),
        ("json", '{"a": ' + "[" * 31 + "]" * 31 + "}"),
        ("toml", "a = " + "[" * 31 + "]" * 31),
        ("toml", ".".join("a" * 32) + " = 1"),
        ("toml", "[" + ".".join("a" * 31) + "]\nb = 1"),
        ("yaml", "a: " + "x" * limits.TEXT),
        ("yaml", "a: [" + "1," * limits.ITEMS + "]"),
        ("json", f'{{"a": {2**63 - 1}, "b": {-(2**63)}}}'),
    ],
)
def test_what_is_at_the_limit_is_read(format, text):
    parse(text, format)


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("yaml", "a: " + "[" * 32 + "]" * 32),
        ("json", '{"a": ' + "[" * 32 + "]" * 32 + "}"),
        ("toml", "a = " + "[" * 32 + "]" * 32),
        ("toml", ".".join("a" * 33) + " = 1"),
        ("toml", "[" + ".".join("a" * 32) + "]\nb = 1"),
        ("yaml", "a: " + "x" * (limits.TEXT + 1)),
        ("yaml", "a: [" + "1," * limits.ITEMS + "1]"),
        ("json", f'{{"a": {2**63}}}'),
        ("json", f'{{"a": {-(2**63) - 1}}}'),
    ],
)
def test_what_is_one_past_the_limit_is_refused(format, text):
    with pytest.raises(ConfigError):
        parse(text, format)
