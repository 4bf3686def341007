"""What a config file names is loaded, and nothing else."""

from __future__ import annotations

from support.fake_distributions import config_module


def test_a_broken_plugin_is_named(run, write, install):
    install(
        "fake-broken", points={"optimizers": {"broke": "fake_broken:B"}}, modules={"fake_broken": "1 / 0"}
    )
    path = write("use: broke")
    result = run("check", path)
    assert result.exit_code == 4
    assert f"{path}:1:6: use: " in result.stderr
    assert "ZeroDivisionError" in result.stderr


def test_only_the_plugins_that_a_file_names_are_imported(run, write, install):
    modules = {"fake_one": config_module("One"), "fake_two": "raise AssertionError('imported')"}
    install(
        "fake-lazy", points={"optimizers": {"one": "fake_one:One", "two": "fake_two:Two"}}, modules=modules
    )
    assert run("check", write("use: one")).exit_code == 0
