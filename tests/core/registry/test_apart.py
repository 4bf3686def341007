"""What plugins do in a process apart is told, and harms nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from optiplug import OptimizerConfig, registry
from optiplug._config.facts import facts
from optiplug._registry.apart import Server, ask
from optiplug.registry import Entry
from support.fake_distributions import config_module
from support.hostile_plugins import HOSTILE, INDESCRIBABLE

BAD = {**HOSTILE, **INDESCRIBABLE}


def entry_of(module, name="Swift"):
    return Entry("optimizers", name.lower(), module.replace("_", "-"), "1.0", f"{module}:{name}")


@pytest.fixture
def plugin(install):
    """Make a distribution of one module with one optimizer, and return its entry."""
    made = []

    def make(source, *names):
        module = f"fake_{len(made)}"
        made.append(module)
        names = names or ("Swift",)
        offered = {name.lower(): f"{module}:{name}" for name in names}
        install(module.replace("_", "-"), points={"optimizers": offered}, modules={module: source})
        entries = [entry_of(module, name) for name in names]
        return entries if len(entries) > 1 else entries[0]

    return make


def test_what_a_plugin_does_when_it_is_shown_harms_nobody_else(plugin, capfd):
    bad = {name: plugin(source) for name, (source, _) in BAD.items()}
    good = plugin(config_module("Swift"))
    answers = {answer.entry: answer for answer in ask([*bad.values(), good], facts, limit=1)}
    for name, (_, reason) in BAD.items():
        answer = answers[bad[name]]
        assert reason in answer.fault, name
        assert answer.value is None
        assert str(bad[name].target) in answer.fault or str(bad[name]) in answer.fault
        assert len(answer.fault) < 1000
        assert answer.fault.replace("\n", "").isprintable()
    assert answers[good].fault == ""
    assert answers[good].value["summary"] == "Swift from a fake."
    assert answers[good].seconds > 0
    assert capfd.readouterr() == ("", "")


def test_one_that_ends_the_process_harms_no_other(plugin):
    source = config_module("A", "C") + "def __getattr__(name):\n    import os\n    os._exit(7)\n"
    answers = ask(plugin(source, "A", "B", "C"), facts)
    assert ["exit code 7" in answer.fault for answer in answers] == [False, True, False]
    assert [bool(answer.value) for answer in answers] == [True, False, True]


def test_what_is_printed_is_kept_short_and_apart(plugin, capfd, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    loud = plugin(
        "import os, sys\nprint('one')\nprint('two', file=sys.stderr)\nos.write(1, b'three \\x1b[2J')\n"
        + config_module("Swift")
    )
    long = plugin(f"print('x' * 10_000_000)\n{config_module('Swift')}")
    one, other = ask([loud, long], facts)
    assert one.printed.split() == ["one", "two", "three", r"\x1b[2J"]
    assert len(other.printed) < 1000
    assert one.value
    assert other.value
    assert capfd.readouterr() == ("", "")


def test_what_was_printed_before_an_end_is_kept(plugin, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    entry = plugin("import os\nprint('no licence')\nos._exit(7)\n")
    answer = ask([entry], facts)[0]
    assert "exit code 7" in answer.fault
    assert answer.printed == "no licence\n"


def test_processes_that_a_plugin_leaves_are_ended(plugin, tmp_path):
    mark = tmp_path / "pid"
    left = plugin(
        "import os, subprocess\n"
        f"open({str(mark)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))\n"
        + config_module("Swift")
    )
    assert ask([left], facts)[0].value
    deadline = time.monotonic() + 30
    while is_alive(int(mark.read_text())):
        assert time.monotonic() < deadline


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


SPOILERS = {
    "raises": "import sys\nsys.modules['optiplug'] = None\n",
    "exits": (
        "import os, sys\nclass Trap:\n    def __getattr__(self, name): os._exit(0)\n"
        "sys.modules['optiplug'] = Trap()\n"
    ),
}


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("spoiler", SPOILERS.values(), ids=SPOILERS)
def test_one_that_spoils_a_process_is_not_blamed_on_others(plugin, spoiler, alone):
    good = config_module("Swift")
    # So many that some must share a process, on any machine.
    entries = [plugin(f"{good}{spoiler}"), *(plugin(good) for _ in range(40))]
    assert [answer.fault for answer in ask(entries, facts, alone=alone)] == [""] * 41


@pytest.mark.usefixtures("signals_heard")
def test_an_interrupt_ends_the_processes_apart(tmp_path, plugin):
    mark = tmp_path / "pid"
    slow = plugin(f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n")
    code = (
        f"import sys\nsys.path[:] = {sys.path!r}\nfrom optiplug._registry import apart\n"
        f"from optiplug._config.facts import facts\nfrom optiplug.registry import Entry\n"
        f"apart.ask([{slow!r}], facts, limit=600)\n"
    )
    # A group of its own, as the interrupt is to reach this process alone.
    asking = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, process_group=0)
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
    asking.send_signal(signal.SIGINT)
    _, said = asking.communicate(timeout=60)
    assert said.splitlines()[-1] == b"KeyboardInterrupt"
    while is_alive(int(mark.read_text())):
        assert time.monotonic() < deadline


def test_a_plugin_is_not_imported_in_this_process(plugin):
    entry = plugin(config_module("Swift"))
    assert ask([entry], facts)[0].value
    assert entry.target.partition(":")[0] not in sys.modules


def test_a_file_of_the_current_folder_is_not_run(plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    assert ask([plugin(config_module("Swift"))], facts)[0].fault == ""


def test_one_that_is_blocked_is_not_asked(plugin, tmp_path):
    mark = tmp_path / "mark"
    entry = plugin(f"open({str(mark)!r}, 'w')\n{config_module('Swift')}")
    registry.block(entry.distribution)
    try:
        (answer,) = ask([entry], facts)
    finally:
        registry.unblock(entry.distribution)
    assert "blocked" in answer.fault
    assert not mark.exists()


def test_what_code_has_registered_is_asked_here():
    class Here(OptimizerConfig):
        """Of this process."""

        implementation = "nowhere:Here"

    entry = registry.register("optimizers", "here", Here)
    try:
        assert ask([entry], facts)[0].value["summary"] == "Of this process."
    finally:
        registry.unregister("optimizers", "here")


def test_nobody_to_ask():
    assert ask([], facts) == []


def test_a_server_that_has_ended_is_told(plugin):
    # So much that it cannot wait in the pipe.
    entries = plugin(config_module("Swift"), *(f"Swift{number:050}" for number in range(1500)))
    registry.refresh()
    with Server() as server:
        os.kill(server.pid, signal.SIGKILL)
        faults = {answer.fault for answer in ask(entries, facts, server=server)}
    assert faults == {"the process that imports plugins ended with exit code -9: "}


def test_a_server_that_is_not_asked_is_ended():
    with Server() as server:
        assert is_alive(server.pid)
    assert not is_alive(server.pid)
