"""Whatever a module does when it is imported is its fault, but for an interrupt by the user."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from optiplug._registry.importing import imported, is_config
from optiplug.errors import BrokenPluginError
from optiplug.registry import Registry
from support.fake_distributions import config_module
from support.hostile_plugins import HOSTILE

RAISE = {
    name: case
    for name, case in HOSTILE.items()
    if name.split()[0] not in {"ends", "crashes", "hangs", "reads"}
}
ASK_FOR_ONE = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(10**8): pass"


@pytest.fixture
def load(install):
    """Load the one optimizer of a distribution whose module has this source."""

    def load(source, module="fake_module"):
        install("fake-one", points={"optimizers": {"swift": f"{module}:Swift"}}, modules={module: source})
        registry = Registry()
        return registry.load(registry.find("optimizers", "swift"))

    return load


@pytest.mark.parametrize(("source", "reason"), RAISE.values(), ids=RAISE)
def test_what_a_module_raises_is_told_of_the_plugin(load, source, reason):
    with pytest.raises(BrokenPluginError) as caught:
        load(source)
    assert reason in str(caught.value)
    assert "swift@fake-one 1.0" in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()


def test_an_interrupt_by_the_user_goes_through(load, signals_heard):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        load(ASK_FOR_ONE)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_is_handled_as_an_interrupt_goes_through(load):
    def handle(number, frame):
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, handle)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            load(ASK_FOR_ONE.replace("SIGINT", "SIGTERM"))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.value.args == (signal.SIGTERM,)


def test_a_handler_that_a_module_sets_stays(load):
    before = signal.getsignal(signal.SIGINT)
    try:
        load(f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{config_module('Swift')}")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_a_thread_an_interrupt_is_of_the_module(load):
    caught = []

    def run():
        try:
            load("raise KeyboardInterrupt")
        except BaseException as error:  # noqa: BLE001
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [type(error) for error in caught] == [BrokenPluginError]


def test_an_implementation_that_exits_does_not_end_the_program(tmp_path):
    (tmp_path / "fake_config.py").write_text(config_module("Swift").replace("nowhere", "fake_exits"))
    (tmp_path / "fake_exits.py").write_text("import sys\nsys.exit(0)")
    code = "import fake_config, optiplug; optiplug.register(fake_config.Swift, name='swift'); "
    code += "fake_config.Swift().create()"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(
        "optiplug.BrokenPluginError: fake_exits:Swift, the implementation of swift, cannot"
    )
    assert "SystemExit: 0" in last


def test_the_submodule_of_a_package_is_imported():
    assert imported("importlib.metadata:Distribution.from_name", "").__name__ == "from_name"


def test_only_a_config_class_of_the_kind_is_one():
    from optiplug import OptimizerConfig, ScheduleConfig

    assert is_config(OptimizerConfig, "optimizers") is False  # a base has no implementation
    assert not is_config(ScheduleConfig, "optimizers")
    assert not is_config(3, "optimizers")
