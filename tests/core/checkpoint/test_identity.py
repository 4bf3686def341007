"""What is told of a run, so that it goes on with the same."""

from __future__ import annotations

import os

import importlib_metadata
import pytest

import optiplug
from optiplug import ConfigError, hookimpl, registry
from optiplug._config.base import resolve
from optiplug.checkpoint.identity import identity_of
from support.fake_distributions import config_module, installing

PLUGIN = {"points": {"optimizers": {"swift": "fake_swift:Swift"}}}
SOURCE = config_module("Swift")


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """Return the versions in the identity of a plugin, installed from scratch."""

    def told(source=SOURCE, place="one", use="swift", **parts):
        with pytest.MonkeyPatch.context() as patch, installing(tmp_path / place, patch) as install:
            install("fake-swift", **{**PLUGIN, "modules": {"fake_swift": source}, **parts})
            registry.refresh()
            found = identity_of(resolve("optimizers", {"use": use}))["versions"]
        registry.refresh()
        return found

    return told


def test_its_sections_are_what_was_given():
    config = resolve("optimizers", {"use": "sgd", "learning_rate": 0.5})
    assert list(identity_of(config)) == ["config", "versions"]
    identity = identity_of(config, data={"text": "1f", "shape": (2, 3)}, replicas=2)
    assert identity["config"] == config.dump()
    assert identity["data"] == {"text": "1f", "shape": [2, 3]}
    assert identity["replicas"] == 2


def test_an_optimizer_stands_for_its_config():
    optimizer = optiplug.create("sgd", learning_rate=0.25)
    assert identity_of(optimizer) == identity_of(optimizer.config)


def test_fields_that_decide_nothing_are_left_out():
    config = resolve("optimizers", {"use": "partition", **registry.get("optimizers", "partition").example})
    shortened = identity_of(config, without=("groups", "name"))
    assert shortened["config"].keys() == config.dump().keys() - {"groups", "name"}
    assert shortened["versions"].keys() < identity_of(config)["versions"].keys()


def test_a_mapping_may_hold_configs():
    sgd = resolve("optimizers", "sgd")
    identity = identity_of({"seed": 3, "optimizers": [sgd]})
    assert identity["config"] == {"seed": 3, "optimizers": [sgd.dump()]}
    assert "optiplug-sgd" in identity["versions"]


@pytest.mark.parametrize("config", ["sgd", None, {"use": "sgd"}, {"inner": [{"use": "sgd"}]}])
def test_plain_values_are_refused_as_they_hide_plugins(config):
    with pytest.raises(ConfigError, match="hand over the config itself"):
        identity_of(config)


@pytest.mark.parametrize("data", [{"a": {1}}, {"a": float("nan")}, {"a": b"x"}])
def test_what_is_no_json_is_refused(data):
    with pytest.raises(ConfigError, match="must consist of JSON values"):
        identity_of({}, data=data)


def test_a_path_stands_for_its_content(tmp_path):
    file, folder = tmp_path / "text", tmp_path / "folder"
    folder.mkdir()
    sums = []
    for text in ("one", "two", "two"):
        file.write_text(text)
        (folder / "part").write_text(text)
        sums.append(identity_of({}, data={"file": file, "folder": folder})["data"])
    assert sums[1] == sums[2]
    assert all(sums[0][name] != sums[1][name] for name in sums[0])


@pytest.mark.parametrize("make", [None, os.mkfifo])
def test_data_that_cannot_be_read_is_named(tmp_path, make):
    path = tmp_path / "text"
    if make:
        make(path)  # reading it would wait for ever
    with pytest.raises(ConfigError, match=r"data\.text: cannot be read"):
        identity_of({}, data={"text": path})


def test_the_platform_is_told():
    versions = identity_of({})["versions"]
    assert list(versions) == ["python", "numpy", "tensorflow", "optiplug-core"]
    assert versions["tensorflow"] == {"version": importlib_metadata.version("tensorflow")}
    assert len(versions["optiplug-core"]["sha256"]) == 64


def test_another_formula_under_one_version_differs(versions):
    first, same = versions(), versions(place="two")
    other = versions(SOURCE + "FORMULA = 2\n", place="three")
    assert first == same
    assert first["fake-swift"]["version"] == other["fake-swift"]["version"]
    assert first["fake-swift"]["sha256"] != other["fake-swift"]["sha256"]


def test_a_formula_in_another_package_counts(versions):
    pointing = SOURCE.replace("nowhere:", "fake_formula:")
    sums = [
        versions(pointing, place=text, modules={"fake_swift": pointing, "fake_formula": text})
        for text in ("one = 1", "two = 2")
    ]
    assert sums[0]["fake-swift"] != sums[1]["fake-swift"]


def test_the_plugins_of_keywords_count():
    config = resolve("optimizers", {"use": "sgd", "clipnorm": 1.0})
    assert {"optiplug-sgd", "optiplug-processors"} <= identity_of(config)["versions"].keys()


def test_plugins_that_a_plugin_requires_count(versions):
    found = versions(requires=["Optiplug_SGD>=0.1", "numpy", 'optiplug-lion; extra == "lion"'])
    assert {"fake-swift", "optiplug-sgd"} <= found.keys()
    assert "optiplug-lion" not in found


def test_what_code_has_registered_counts():
    @optiplug.register
    class Idle:
        @hookimpl
        def clip(self, gradients, step):
            return gradients

    try:
        told = identity_of({"processors": [Idle()]})["versions"]["idle@this session"]
    finally:
        registry.unregister("processors", "idle")
    assert told["version"] == ""
    assert len(told["sha256"]) == 64
