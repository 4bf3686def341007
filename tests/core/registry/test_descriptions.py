"""What is read of a plugin's Config is what it would say, and nothing of it is run."""

from __future__ import annotations

import sys

import pytest

from optiplug import registry
from optiplug._registry.descriptions import Description, Descriptions
from optiplug.registry import Entry

BODY = '    """Be swift."""\n    implementation = "nowhere:Swift"\n'
HEAD = "from optiplug import OptimizerConfig\n"
SWIFT = f"{HEAD}class Swift(OptimizerConfig):\n{BODY}"
MADE = "not described: its class is made by code"


@pytest.fixture
def described(tmp_path, monkeypatch):
    """Describe `fake_main:Swift`, or another class of it; other modules may be beside it."""
    monkeypatch.syspath_prepend(tmp_path)

    def describe(source, attribute="Swift", **others):
        for name, text in {"fake_main": source, **others}.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        entry = Entry("optimizers", "swift", "fake-swift", "1.0", f"fake_main:{attribute}")
        before = set(sys.modules)
        found = Descriptions().of(entry)
        assert not [name for name in set(sys.modules) - before if name.startswith("fake_")]
        return found

    return describe


def test_of_every_plugin_it_is_what_its_class_says():
    read = Descriptions()
    for entry in registry.entries():
        config = registry.load(entry)
        assert read.of(entry) == Description(config.summary(), config.paper), entry


SUMMARIES = {
    "a line": (SWIFT, "Be swift."),
    "the first of many": (SWIFT.replace("swift.", "swift.\n\n    At all times.\n    "), "Be swift."),
    "none": (SWIFT.replace('    """Be swift."""\n', ""), ""),
    "under a condition": (f"if True:\n  {SWIFT.replace(chr(10), chr(10) + '  ')}", "Be swift."),
    "the last of two": (f"{SWIFT}{SWIFT.replace('swift.', 'swifter.').removeprefix(HEAD)}", "Be swifter."),
    "under another name": (f"{SWIFT.replace('class Swift', 'class Fast')}Swift = Fast\n", "Be swift."),
    "decorated": (SWIFT.replace("class", "@print\nclass"), "Be swift."),
    "escapes": (SWIFT.replace("swift.", r"swift.\x1b[2J"), r"Be swift.\x1b[2J"),
}


@pytest.mark.parametrize(("source", "summary"), SUMMARIES.values(), ids=SUMMARIES)
def test_a_summary(described, source, summary):
    assert described(source) == Description(summary)


PAPERS = {
    "a text": ("    paper = 'A'\n", "A"),
    "with a type": ("    paper: ClassVar[str] = 'A'\n", "A"),
    "in parts": ("    paper = (\n        'A '\n        'B'\n    )\n", "A B"),
    "added": ("    paper = 'A ' + 'B'\n", "A B"),
    "a name of the module": ("    paper = PAPER\n", "P"),
    "no text": ("    paper = 3\n", ""),
    "calculated": ("    paper = print('A')\n", ""),
    "added in a circle": ("    paper = CIRCLE\n", ""),
}


@pytest.mark.parametrize(("line", "paper"), PAPERS.values(), ids=PAPERS)
def test_a_paper(described, line, paper):
    found = described(f"PAPER = 'P'\nCIRCLE = CIRCLE + CIRCLE\n{SWIFT}{line}")
    assert found == Description("Be swift.", paper)


def test_a_paper_is_inherited(described):
    base = SWIFT.replace("Swift", "Base") + "    paper = 'Of the base'\n"
    source = f"from fake_base import Base as B\nclass Middle(B): pass\nclass Swift(Middle):\n{BODY}"
    assert described(source, fake_base=base) == Description("Be swift.", "Of the base")


def test_a_class_is_followed_to_where_it_comes_from(described):
    others = {
        "fake_inner/__init__": "from .config import *\nfrom .config import Swift\n",
        "fake_inner/config": SWIFT,
    }
    assert described("from fake_inner import Swift\n", **others) == Description("Be swift.")


def test_a_class_in_a_class(described):
    source = f"{HEAD}class Swift:\n    class Config(OptimizerConfig):\n        'Inner.'\n"
    assert described(source, "Swift.Config") == Description("Inner.")
    assert described(source, "Swift.Other") == Description(note=MADE)


UNCLEAR = {
    "a call": "Swift = type('Swift', (), {})\n",
    "a name that is found later": "def __getattr__(name): raise SystemExit\n",
    "a star": "from json import *\n",
    "a loop": "for Swift in []: pass\n",
    "a pair": "Swift, Other = print, print\n",
    "a function": "def Swift(): pass\n",
    "a module": "import json as Swift\n",
    "another scope": "def make():\n    global Swift\n    Swift = 3\n",
    "a pattern": "match {}:\n    case {'a': 1, **Swift}: pass\n",
    "globals": "globals()['Swift'] = 3\n",
    "a missing module": "try: from fake_a import Swift\nexcept ImportError: from fake_b import Swift\n",
    "a circle": "from fake_main import Swift\n",
    "itself": "Swift = Swift\n",
}


@pytest.mark.parametrize("source", UNCLEAR.values(), ids=UNCLEAR)
def test_what_only_running_it_would_tell_is_noted(described, source):
    found = described(source)
    assert found.note.startswith("not described: its class ")
    assert found == Description(note=found.note)


FAULTS = {
    "no class": ("", "Swift", "fake_main has no 'Swift'"),
    "no Python": ("x = 1\ndef (\n", "Swift", "SyntaxError: invalid syntax (line 2 of fake_main)"),
    "no name": (SWIFT, "", "fake_main has no ''"),
    "no way on": (f"raise OSError\n{SWIFT}", "Swift", "line 1 of fake_main is `raise OSError`"),
}


@pytest.mark.parametrize(("source", "attribute", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_certainly_fails_is_a_fault(described, source, attribute, fault):
    start = f"swift@fake-swift 1.0 cannot be imported from fake_main:{attribute}: "
    assert described(source, attribute) == Description(fault=f"{start}{fault}")


@pytest.mark.parametrize(
    "target", ["fake_none:Swift", "fake none:Swift", ":Swift", "", "../../etc/passwd:Swift"]
)
def test_a_module_that_is_not_there_is_a_fault(target):
    found = Descriptions().of(Entry("optimizers", "swift", "fake-swift", "1.0", target))
    assert f"there is no module {target.partition(':')[0]!r}" in found.fault


def test_bytes_that_are_no_text_are_a_fault(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "fake_bytes.py").write_bytes(b"#\n" * 9 + b"# \xff\n")
    found = Descriptions().of(Entry("optimizers", "swift", "fake-swift", "1.0", "fake_bytes:Swift"))
    assert found.fault.endswith("SyntaxError: fake_bytes is no text in its encoding")


def test_a_compiled_module_is_noted():
    entry = Entry("optimizers", "swift", "fake-swift", "1.0", "pydantic_core._pydantic_core:Url")
    assert Descriptions().of(entry) == Description(note="not described: its module has no source")


MANY = "if X: pass\n" + "elif X: pass\n" * 2_000


@pytest.mark.parametrize(
    "source", [MANY, "(" * 5_000, "-" * 100_000 + "1", "\0", "x = " + "1+" * 20_000 + "1"]
)
def test_what_strains_the_parser_is_no_crash(described, source):
    found = described(f"{SWIFT}{source}\n")
    assert found.note or found.fault or found.summary


def test_a_summary_is_short(described):
    found = described(SWIFT.replace("swift.", "s" * 100_000))
    assert len(found.summary) < 1_000


def test_escapes_that_are_none_are_no_warning(described, recwarn):
    assert described(f"X = '\\d'\n{SWIFT}").summary == "Be swift."
    assert not recwarn
