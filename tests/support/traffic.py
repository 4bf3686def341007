"""What processes send each other, as the loopback interface of a network of their own has counted it.

Of the network of the machine it would be what everybody sends. Run as a command it brings that interface up,
and then becomes the command that follows.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

__all__ = ["bytes_per_step", "in_own_network", "sent", "without_own_network"]

# The first is for root, the second for everybody else where that is allowed.
_NAMESPACES = (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"])
_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
_REQUEST = struct.Struct("16sh14x")  # struct ifreq: a name and its flags
_SENT = 8  # the column of /proc/net/dev


def in_own_network(command: Sequence[str]) -> list[str]:
    """Return the command that runs `command`, and all that it starts, in a network that has only them."""
    namespace, refusal = _namespace()
    assert namespace, refusal
    return _wrapped(namespace, command)


def without_own_network() -> str:
    """Return why `in_own_network` cannot be used here; empty if it can."""
    return _namespace()[1]


def sent() -> int:
    """Return how many bytes all processes of this network have sent over loopback, headers included."""
    # Not from /sys, which shows the network of whoever mounted it.
    for line in Path("/proc/self/net/dev").read_text().splitlines():
        interface, _, counters = line.partition(":")
        if interface.strip() == "lo":
            return int(counters.split()[_SENT])
    raise AssertionError("this network has no loopback interface")


def bytes_per_step(
    step: Callable[[], object], barrier: Callable[[], object], *, before: int = 3, counted: int = 5
) -> float:
    """Return how many bytes all processes together send in a step, after some `before` it.

    Every process of a run calls it alike, and `barrier` returns when all have called it; where one process
    drives all others, it waits for what they do. What the barriers themselves send is taken off.
    """
    readings = []
    for steps in (before, counted, 0):
        for _ in range(steps):
            step()
        barrier()  # all have done their steps
        readings.append(sent())
        barrier()  # and all have read before one goes on
    start, end, idle = readings
    return ((end - start) - (idle - end)) / counted


@cache
def _namespace() -> tuple[list[str], str]:
    """Return what begins a command line that has a network of its own, or why there is none."""
    refusal = ""
    for namespace in _NAMESPACES:
        try:
            done = subprocess.run(
                _wrapped(namespace, ["true"]), capture_output=True, text=True, check=False, timeout=60
            )
        except FileNotFoundError:
            return [], "unshare (util-linux) makes the network, and is not installed"
        if done.returncode == 0:
            return namespace, ""
        refusal = done.stderr.strip()
    return [], f"this machine lets nobody have a network of their own: {refusal}"


def _wrapped(namespace: Sequence[str], command: Sequence[str]) -> list[str]:
    return [*namespace, sys.executable, "-I", __file__, *command]


def _bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = fcntl.ioctl(control, _FLAGS, _REQUEST.pack(interface.encode(), 0))
        name, flags = _REQUEST.unpack(asked)
        fcntl.ioctl(control, _SET_FLAGS, _REQUEST.pack(name, flags | _UP))


if __name__ == "__main__":
    _bring_up("lo")
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # no shell is wanted
