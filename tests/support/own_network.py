"""A network that has only the processes of a test, for what an interface counts is what everybody sends.

Run as a command it brings the loopback interface up, and then becomes the command that follows.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

__all__ = ["in_own_network", "without_own_network"]

# The first is for root, the second for everybody else where that is allowed.
_NAMESPACES = (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"])
_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
_REQUEST = struct.Struct("16sh14x")  # struct ifreq: a name and its flags


def in_own_network(command: Sequence[str]) -> list[str]:
    """Return the command that runs `command`, and all that it starts, in a network that has only them."""
    namespace, refusal = _namespace()
    assert namespace, refusal
    return _wrapped(namespace, command)


def without_own_network() -> str:
    """Return why `in_own_network` cannot be used here; empty if it can."""
    return _namespace()[1]


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
