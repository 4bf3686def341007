"""Configs that are made to harm: by hand, in families, and drawn."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from hypothesis import strategies as st

__all__ = ["DRAWN", "by_hand"]

Config = tuple[str, bytes]
"""The format and the content of a file."""

_LARGE = 500_000

_NAMES = [
    "os.system",
    "os:system",
    "builtins.eval",
    "subprocess:Popen",
    "optiplug_sgd.sgd:SGD",
    "tf.Variable",
    "../sgd",
    "./sgd",
    "/etc/passwd",
    "C:\\Windows",
    "\\\\host\\share",
    "file:///etc/passwd",
    "~/.ssh/id",
    "http://localhost/sgd",
    "git+https://host/x",
    "sgd;reboot",
    "sgd|cat",
    "sgd&&id",
    "$(id)",
    "`id`",
    "${HOME}",
    "$HOME",
    "%(x)s",
    "%s",
    "{0.__class__}",
    "{{7*7}}",
    "__import__('os')",
    "lambda: 1",
    "eval",
    "sgd\0",
    "sgd\n",
    "sgd ",
    " sgd",
    "SGD",
    "sgd\t",
    "",
    "a" * 10_000,
    "@",
    "sgd@",
    "@optiplug-sgd",
    "sgd@../x",
    "sgd@optiplug-sgd>=",
    "sgd@optiplug-sgd>=" + "9" * 5_000,
    "sgd@a@b",
    "sgd@optiplug-sgd==9",
    *(
        "\u0455gd",
        "\uff53\uff47\uff44",
        "s\u0261d",
        "sg\u0501",
        "\U0001d42c\U0001d420\U0001d41d",
        "s\u200bgd",
    ),
    *(
        "sgd\u202e",
        "\u2066sgd\u2069",
        "sgd\ufeff",
        "s\u0301gd",
        "sgd\u00ad",
        "\x1b[2Jsgd",
        "\x9b31msgd",
        "-sgd",
    ),
    *(
        "sgd[extra]",
        "sgd@optiplug-sgd[x]",
        "sgd:sgd",
        "__class__",
        "__init__",
        "none",
        "sgd.yaml",
        "sgd/adam",
    ),
]
_NUMBERS = ["1e999", "-1e999", "9" * 400, "9" * 5_000, "-" + "9" * 30, "18446744073709551616"]
_YAML_NUMBERS = [*_NUMBERS, ".nan", ".NaN", ".inf", "-.INF", "0x" + "f" * 40, "0o" + "7" * 40, "1_000", "0b1"]
_YAML_NUMBERS += ["1:30", "+.Inf", "'0.1'", "yes", "0.1f", "1e", "--1", "1/2", "2001-01-01", "[]", "{}"]
_JSON_NUMBERS = [
    *_NUMBERS,
    "NaN",
    "Infinity",
    "-Infinity",
    '"1"',
    "true",
    "null",
    "01",
    "+1",
    ".5",
    "0x1",
    "[]",
]
_TOML_NUMBERS = [*_NUMBERS, "nan", "inf", "-inf", "1979-05-27", "07:32:00", '"1"', "true", "0x" + "f" * 40]

_TAGS = [
    *(
        "!!python/object/apply:os.system [id]",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!binary aGk=",
    ),
    "!!python/object/new:os.system [id]",
    "!!python/object:os.Popen {}",
    "!!python/tuple [1]",
    "!!set {a}",
    *(
        "!!timestamp 2001-01-01",
        "!!omap [a: 1]",
        "!!int '1'",
        "!!float '1'",
        "!!str 1",
        "!!null ''",
        "!!map {}",
    ),
    "!include /etc/passwd",
    "!ENV HOME",
    "!<tag:yaml.org,2002:python/name:eval> x",
    "!!merge <<",
    "!e!x 1",
    *(
        "!ruby/object:Gem::Installer {}",
        "!!js/function 'x'",
        "!!bool 'true'",
        "! 1",
        "!" + "a" * 1_000 + " 1",
    ),
]
_YAML = [
    "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nuse: sgd\n",
    "&a {use: *a}",
    "use: &x sgd\nname: *x",
    "use: *unknown",
    "use: sgd\n<<: {momentum: 0.9}",
    "use: sgd\n<<: [{momentum: 0.9}, {nesterov: true}]",
    "use: sgd\nlearning_rate: {<<: {use: cosine}}",
    *(f"%YAML {version}\n---\nuse: sgd" for version in ("1.0", "1.1", "1.3", "2.0", "9" * 5_000 + ".1", "x")),
    "%TAG ! tag:example.com,2000:\n---\nuse: sgd",
    "%FOO bar\n---\nuse: sgd",
    "use: sgd\n---\nuse: adam",
    "use: sgd\n...\nuse: adam",
    "use: sgd\nuse: adam",
    "use: sgd\n'use': adam",
    "use: sgd\n? [a]\n: 1",
    "use: sgd\n? {a: 1}\n: 1",
    "use: sgd\n1: 2",
    "use: sgd\nnull: 2",
    "use: sgd\n~: 2",
    "use: sgd\n.nan: 2",
    'use: sgd\nname: "\\ud800"',
    'use: sgd\nname: "\\UFFFFFFFF"',
    'use: sgd\nname: "\\x"',
    "use: sgd\n\tname: x",
    "use: [sgd",
    "use: sgd\n  name: x",
    "use: 'sgd",
    "use: |2\nsgd",
    "use: >9\n sgd",
    "- use: sgd",
    "sgd",
    "!!map",
    "---\n---\n",
    "# only\n",
    "\n" * 100_000,
    "{" * _LARGE,
    "[" * _LARGE,
    "- " * 100_000,
    "? " * 100_000,
    "a: " * 50_000,
    "use: sgd\n" + "#" * _LARGE + "\nno: 1",
    "use: sgd\n" + "".join(f"k{number}: 1\n" for number in range(15_000)),
    "use: sgd\nprocessors: [" + "{}," * 9_000 + "]",
    "use: sgd\nprocessors:\n" + "  - emma\n" * 9_000,
    "use: sgd\nprocessors: [" + "[[]]," * 6_000 + "]",
    "use: sgd\nonly: [" + "a," * 10_001 + "]",
    "use: sgd\n? " + "k" * _LARGE + "\n: 1",
    "use: sgd\nname: " + "x" * _LARGE,
    "use: sgd\nname: " + "x" * 600_000,
    "use: sgd\nname: '" + "x\n" * 200_000 + "'",
]
_JSON = [
    "{" * _LARGE,
    "[" * _LARGE,
    '{"use":' * 100_000,
    '{"use": "sgd"' + ', "use": "sgd"' * 1_000 + "}",
    '{"use": "sgd", "use": "adam"}',
    '{"use": "sgd",}',
    '{"use": "sgd"} {}',
    '{"use": "sgd"}\0',
    "{'use': 'sgd'}",
    '{"use": "sgd", /* */ "momentum": 0.9}',
    '{"use": "\\ud800"}',
    '{"use": "\\udc00\\ud800"}',
    '{"use": "sgd", "name": "' + "x" * _LARGE + '"}',
    '{"use": "sgd", "' + "k" * _LARGE + '": 1}',
    '{"use": "sgd", "name": "\x01"}',
    '{"use": "sgd", "a": ' + "9" * _LARGE + "}",
    '{"use": "sgd", "processors": [' + ",".join(['{"use": "ema", "q": 1}'] * 4_000) + "]}",
    '{"use": "sgd",' + ",".join(f'"k{number}": 1' for number in range(15_000)) + "}",
    '"use"',
    "null",
    "[1]",
    "",
    "{}",
    '{"__proto__": {"use": "sgd"}}',
    '{"use": {"use": "sgd"}}',
    '{"use": ["sgd"]}',
    '{"command": "train", "use": "sgd"}',
    '{"command": {"use": "train"}}',
    '{"use": "sgd", "$ref": "file:///etc/passwd"}',
]
_TOML = [
    "a" + ".a" * 100_000 + " = 1",
    "a" + ' . "a"' * 60_000 + " = 1",
    "[a" + ".a" * 100_000 + "]",
    "[[a" + ".a" * 100_000 + "]]",
    "[[a]]\n" * 40_000,
    "".join(f"[a{number}]\n" for number in range(25_000)),
    "a = " + "[" * _LARGE,
    "a = " + "{a = " * 50_000,
    'use = "sgd"\nuse = "adam"',
    'use = "sgd"\n[use]\na = 1',
    "use.a = 1\nuse = 2",
    'use = """' + '\\"""' * 100_000,
    'use = "sgd"\nname = "\\uD800"',
    'use = "sgd"\nname = "\\UFFFFFFFF"',
    'use = "sgd"\nname = "\x7f"',
    'use = "sgd"\n"" = 1',
    "use = sgd",
    "= 1",
    "[]",
    "[[]]",
    'use = "sgd" name = "x"',
    'use = "sgd"\n' + "".join(f"k{number} = 1\n" for number in range(15_000)),
    'use = "sgd"\na = ' + "9" * _LARGE,
    'use = "sgd"\n' + "x" * _LARGE + " = 1",
    '"use\\u0000" = "sgd"',
]
_EXPRESSIONS = [
    "(((.+)+)+)+X",
    "(?:.|.|.)*X",
    ".*" * 12,
    "(.|.)" * 40,
    "a{9999999999}",
    "(" * 500,
    "[[a",
    "\\",
]
_ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"]
_BYTES = [
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xe2\x82",
    b"\x80",
]
_TRAIN = "command: train\ntask: digits\nsteps: 1\n"


def by_hand() -> Iterator[Config]:
    """Yield each config with the ending of its name."""
    for kind, text in _texts():
        yield kind, text.encode(errors="surrogatepass")
    for kind, text in (("yaml", "use: sgd"), ("json", '{"use": "sgd"}'), ("toml", 'use = "sgd"')):
        for encoding in _ENCODINGS:
            if (content := text.encode(encoding)) != text.encode():
                yield kind, content
        for bad in _BYTES:
            yield kind, text.encode() + b"\n" + bad
        yield kind, b""
        yield kind, b"\x00" * 1_000
        yield kind, text.encode() + b"\x00"
        yield kind, b"\x1f\x8b\x08" + text.encode()
        yield kind, b"PK\x03\x04" + text.encode()


def _texts() -> Iterator[tuple[str, str]]:
    places = (
        '{{"use": {}}}',
        '{{"use": "sgd", "processors": [{}]}}',
        '{{"use": "sgd", "learning_rate": {{"use": {}}}}}',
    )
    for place, name in itertools.product(places, _NAMES):
        yield "json", place.format(json.dumps(name))
    yield from (("json", f'{{"command": {json.dumps(name)}}}') for name in _NAMES[::4])
    yield from (("yaml", f"use: sgd\nlearning_rate: {number}") for number in _YAML_NUMBERS)
    yield from (("json", f'{{"use": "sgd", "learning_rate": {number}}}') for number in _JSON_NUMBERS)
    yield from (("toml", f'use = "sgd"\nlearning_rate = {number}') for number in _TOML_NUMBERS)
    yield from (("yaml", f"use: sgd\nname: {tag}") for tag in _TAGS)
    controls = [
        *range(9),
        11,
        12,
        *range(14, 32),
        *range(127, 133),
        *range(134, 160),
        0xFFFE,
        0xFFFF,
        0x2028,
        0x85,
    ]
    yield from (("yaml", f"use: sgd\nname: a{chr(each)}b") for each in controls)
    yield from (("toml", f'use = "sgd"\nname = "a{chr(each)}b"') for each in controls if each < 32)
    for kind, texts in (("yaml", _YAML), ("json", _JSON), ("toml", _TOML)):
        yield from ((kind, text) for text in texts)
    for expression in _EXPRESSIONS:
        globs = json.dumps([f"re:{expression}"])
        yield "yaml", f"{_TRAIN}optimizer: {{use: sgd, exclude_from_weight_decay: {globs}}}"
        yield "yaml", f"use: sgd\nprocessors: [{{use: ema, skip: {globs}}}]"


_PIECES = st.sampled_from(
    [
        *(
            "use: ",
            "sgd",
            "\n",
            "  ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "#",
            "'",
            '"',
            "\\",
            "&a ",
            "*a",
            "!!x ",
        ),
        *(
            "<<: ",
            "? ",
            "%YAML 1.3",
            "---\n",
            "...",
            "|",
            ">",
            "\t",
            "\0",
            "\x1b",
            "\u202e",
            "\ufeff",
            "1e999",
        ),
        *(
            "processors: ",
            "learning_rate: ",
            "command: train\n",
            "task: digits\n",
            "use = ",
            "[[a]]\n",
            "a.b = ",
        ),
        *(
            "optimizer: ",
            "ema",
            "null",
            ".nan",
            "9" * 30,
            "re:(a+)+",
            '"use": "sgd", ',
            "2001-01-01",
            "\x85",
            "~",
        ),
    ]
)
DRAWN = st.tuples(
    st.sampled_from(["yaml", "json", "toml"]),
    st.lists(_PIECES | st.text(max_size=4), max_size=30).map("".join),
).map(lambda drawn: (drawn[0], drawn[1].encode(errors="surrogatepass")))
"""Pieces of syntax in any order; most are refused."""
