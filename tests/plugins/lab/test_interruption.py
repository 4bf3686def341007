"""Signals that end a run, between two steps or at once; TensorFlow is not needed for that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from optiplug_lab.interruption import Interruption

pytestmark = pytest.mark.usefixtures("signals_heard")

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
PROGRAM = """
import hashlib, time
from optiplug_lab.interruption import Interruption
with Interruption(at_once={at_once}) as interruption:
    print("ready", flush=True)
    while True:
        {step}
        if interruption.requested:
            break
print("saved", interruption.requested.name, flush=True)
"""
# In which no Python code runs, as in a compiled step.
IN_C = "hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
IN_PYTHON = "time.sleep(0.01)"


@pytest.fixture
def program():
    """Start a process with an Interruption; it is ready for signals."""
    started = []

    def start(step, *, at_once=False, nohup=False):
        text = PROGRAM.format(step=step, at_once=at_once)
        command = [sys.executable, "-c", text]
        process = subprocess.Popen(
            ["nohup", *command] if nohup else command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)  # in which it comes to its first step
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_is_kept_until_the_step_is_done(number):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert interruption.requested is number

    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_interrupts_what_has_no_steps(number):
    with Interruption(at_once=True), pytest.raises(KeyboardInterrupt) as caught:
        os.kill(os.getpid(), number)

    assert caught.value.args == (number,)


def test_the_first_signal_is_the_one_that_counts():
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)

    assert interruption.requested is signal.SIGHUP


def test_one_inside_of_another_gives_back_its_handlers():
    with Interruption(at_once=True) as outer:
        with Interruption() as inner:
            os.kill(os.getpid(), signal.SIGTERM)
        assert (inner.requested, outer.requested) == (signal.SIGTERM, None)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_other_threads_may_open_one():
    requested = []

    def use():
        with Interruption() as interruption:
            requested.append(interruption.requested)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert requested == [None]


def test_what_nohup_ignores_stays_ignored(program):
    process = program(IN_PYTHON, nohup=True)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=60) == ("saved SIGTERM\n", "")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_second_signal_ends_even_compiled_code(program, at_once):
    process = program(IN_C, at_once=at_once)
    process.send_signal(signal.SIGTERM)
    time.sleep(1.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=60) == ("", "Ended at once, without saving.\n")
    assert process.returncode == 128 + signal.SIGTERM


def test_two_signals_together_are_one(program):
    process = program("hashlib.pbkdf2_hmac('sha256', b'', b'', 2 * 10**6)")
    for _ in range(5):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.02)

    assert process.communicate(timeout=60) == ("saved SIGHUP\n", "")
