"""What docs/security.md promises of configs: each sentence there is the name of a test."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
from hypothesis import given

from fuzz.target import FOUND, try_config
from optiplug import registry
from optiplug.cli.loading import load
from optiplug.document import limits, parse
from optiplug.errors import AmbiguousPluginError, ConfigError
from security.hostile_configs import DRAWN, by_hand
from support.fake_distributions import config_module

SECONDS = 10  # the slowest takes half of one on an idle machine; what has no limits takes hours
WHOLE = ("the file is empty", "a config file may have at most", "the file cannot be read", "this is not TOML")


def test_a_hostile_config_is_refused_and_nothing_is_done(refused, tmp_path):
    configs = list(by_hand())
    assert len(set(configs)) > 500
    for number, (kind, content) in enumerate(configs):
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(content)
        begun = time.process_time()

        error = refused(path)

        assert error is not None, content[:80]
        assert time.process_time() - begun < SECONDS, content[:80]
        assert len(str(error).encode()) < 64_000
        assert str(error).replace("\n", "").isprintable()
        for problem in error.problems:
            place = problem.position.removeprefix(str(path))
            assert re.fullmatch(r":\d+:\d+", place) or (not place and problem.rule.startswith(WHOLE))


@given(DRAWN)
def test_any_text_is_a_config_or_is_refused(refused, tmp_path_factory, drawn):
    kind, content = drawn
    path = tmp_path_factory.getbasetemp() / f"drawn.{kind}"
    path.write_bytes(content)

    refused(path)


def test_what_a_search_for_faults_has_found_is_mended():
    for line in FOUND.read_text().splitlines():
        try_config(json.loads(line).encode("latin-1"))


def test_a_config_selects_plugins_by_name_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "sgd")
    (tmp_path / "other.yaml").write_text("use: sgd")
    texts = ["$SECRET", "${SECRET}", "%(SECRET)s", "{SECRET}", "{{SECRET}}", "!ENV SECRET", "file:other.yaml"]
    texts += ["__import__('os')", "other.yaml", "optiplug_sgd.config:SGDConfig", "tensorflow.Variable"]
    for text in texts:
        with pytest.raises(ConfigError):
            load(parse(json.dumps({"use": text}), "json"))
        assert load(parse(json.dumps({"use": "sgd", "name": text}), "json")).name == text


def test_only_what_is_selected_is_imported(refused, install, tmp_path):
    modules = {"fake_one": config_module("One"), "fake_two": "raise AssertionError('imported')"}
    points = {"optimizers": {"one": "fake_one:One", "two": "fake_two:Two"}}
    install("fake-lazy", points=points, modules=modules)
    (tmp_path / "one.yaml").write_text("use: one")
    (tmp_path / "two.yaml").write_text("use: two")

    assert load(parse("use: one", "yaml"))
    with pytest.raises(ConfigError, match="AssertionError: imported"):
        load(parse("use: two", "yaml"))


def test_no_distribution_takes_a_standard_name(install):
    points = {"optimizers": {"sgd": "fake_sgd:SGD"}}
    install("fake-sgd", points=points, modules={"fake_sgd": config_module("SGD")})

    assert registry.find("optimizers", "sgd").distribution == "optiplug-sgd"
    assert registry.find("optimizers", "sgd@fake-sgd").distribution == "fake-sgd"


def test_of_two_that_offer_a_name_neither_is_taken(install):
    for name in ("fake-first", "fake-second"):
        module = name.replace("-", "_")
        points = {"optimizers": {"same": f"{module}:Same"}}
        install(name, points=points, modules={module: config_module("Same")})

    with pytest.raises(AmbiguousPluginError, match=r"fake-first.*fake-second"):
        registry.get("optimizers", "same")


LIMITED = {
    "bytes": "#" * (limits.BYTES + 1),
    "levels": "a: " + "[" * limits.DEPTH + "]" * limits.DEPTH,
    "values": "a: [" + "1," * 9_999 + "]\nb: [" + "1," * 9_999 + "]\nc: 1",
    "items": "a: [" + "1," * (limits.ITEMS + 1) + "]",
    "characters": "a: " + "x" * (limits.TEXT + 1),
}


@pytest.mark.parametrize("kind", LIMITED)
def test_a_document_has_limits(kind):
    with pytest.raises(ConfigError, match=f"at most .* {kind}"):
        parse(LIMITED[kind], "yaml")


@pytest.mark.parametrize(
    ("format", "text"),
    [
        *(("yaml", f"a: {text}") for text in ("&x 1", "*x", "!!int 1", "!x 1", "{<<: {b: 1}}", "1\na: 2")),
        *(("json", text) for text in ('{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 2}')),
        *(("toml", text) for text in ("a = 1\na = 2", "a = 1\n[a]")),
    ],
)
def test_a_document_is_plain_data(format, text):
    with pytest.raises(ConfigError):
        parse(text, format)


NUMBERS = ["learning_rate", "momentum", "weight_decay", "global_clipnorm"]


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1e999", "9" * 400])
def test_numbers_are_finite(number):
    for field in NUMBERS:
        with pytest.raises(ConfigError):
            load(parse(f"use: sgd\n{field}: {number}", "yaml"))


def make_pipe(path):
    os.mkfifo(path)


def make_device(path):
    path.symlink_to("/dev/zero")


def make_folder(path):
    path.mkdir()


def make_circle(path):
    path.symlink_to(path.name)


def make_terabyte(path):
    with path.open("wb") as file:
        file.truncate(2**40)


def make_unreadable(path):
    path.touch(mode=0)


KINDS = [make_pipe, make_device, make_folder, make_circle, make_terabyte]
KINDS += [make_unreadable] if os.geteuid() else []  # root reads everything


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_only_regular_files_are_read(refused, tmp_path, make):
    from optiplug_lab.chars import read_text

    path = tmp_path / "thing.yaml"
    make(path)

    assert refused(path) is not None
    with pytest.raises(ConfigError, match=r"task\.text"):
        read_text(str(path))
