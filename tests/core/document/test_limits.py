"""Texts made to harm: each is refused, with a position, in about a second."""

from __future__ import annotations

import time

import pytest

from optiplug.document import limits, parse
from optiplug.errors import ConfigError

LARGE = limits.BYTES - 64
SECONDS = 10  # the slowest takes one on a busy core; quadratic time would take hours

DEEP = "at most 32 levels deep"
HOSTILE = {
    "yaml flow": ("yaml", "[" * LARGE, DEEP),
    "yaml block": ("yaml", "- " * 10_000, DEEP),
    "yaml keys": ("yaml", "? " * 10_000, "a key must be a text"),
    "yaml indented": ("yaml", "\n".join(" " * level + "a:" for level in range(1_000)), DEEP),
    "yaml many keys": (
        "yaml",
        "".join(f"k{index}: {{}}\n" for index in range(9_000)) + "k0: 1",
        "only once",
    ),
    "yaml tag": ("yaml", "!" + "a" * 100_000, "tags are not allowed"),
    "yaml anchor": ("yaml", "a: &" + "a" * LARGE, "anchors"),
    "yaml never closed": ("yaml", 'a: "' + "a\n" * (LARGE // 2), "this is not YAML"),
    "yaml folded": ("yaml", "a: >\n" + " a\n" * (LARGE // 3), "65,536 characters"),
    "yaml documents": ("yaml", "--- {}\n" * (LARGE // 7), "a file holds one document"),
    "yaml values": ("yaml", "\n".join(f"a{row}: [{'1,' * 9_000}]" for row in range(3)), "20,000 values"),
    "yaml wide escape": ("yaml", 'a: "\\UFFFFFFFF"', "this is not YAML"),
    "json flow": ("json", "[" * LARGE, DEEP),
    "json objects": ("json", '{"a":' * 10_000, DEEP),
    "json never closed": ("json", '{"a": "' + '\\"' * (LARGE // 2), "Unterminated"),
    "json quotes": ("json", '"' * LARGE, "this is not JSON"),
    "json digits": ("json", '{"a": ' + "9" * LARGE + "}", "64 bits"),
    "json values": (
        "json",
        "{" + ",".join(f'"{row}":[{"1," * 9_000}1]' for row in range(12)) + "}",
        "20,000 values",
    ),
    "toml flow": ("toml", "a = " + "[" * LARGE, DEEP),
    "toml dotted key": ("toml", "a" + ".a" * (LARGE // 2) + " = 1", DEEP),
    "toml spaced key": ("toml", "a" + " . a" * (LARGE // 4) + " = 1", DEEP),
    "toml quoted key": ("toml", "a" + '."a"' * (LARGE // 4) + " = 1", DEEP),
    "toml header": ("toml", "[a" + ".a" * (LARGE // 2) + "]", DEEP),
    "toml tables": ("toml", "[[a]]\n" * 15_000, "10,000 items"),
    "toml many tables": ("toml", "[[a]]\n" * 40_000, "20,000 values"),
    "toml never closed": ("toml", 'a = "' + '\\"' * (LARGE // 2), "this is not TOML"),
    "toml never closed lines": ("toml", 'a = """' + '\\"""' * (LARGE // 4), "this is not TOML"),
    "toml quotes": ("toml", '"' * LARGE, "this is not TOML"),
    "toml apostrophes": ("toml", "'" * LARGE, "this is not TOML"),
    "toml digits": ("toml", "a = -" + "9" * LARGE, "4,300 digits"),
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
