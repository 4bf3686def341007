from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from support.project_paths import ROOT
from support.traffic import in_own_network, without_own_network

SIZE = 1_000_000
HEADERS = 1.01  # of TCP and IP, in segments of 64 kB, and their acknowledgements
EXCHANGE = dedent(f"""
    import socket, subprocess, sys
    from support.traffic import bytes_per_step, sent

    # Another process sends so much for each byte that it receives, and ends with the connection.
    OTHER = '''
    import socket, sys
    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    while peer.recv(1):
        peer.sendall(bytes({SIZE}))
    '''

    assert sent() == 0, "something else is in this network"
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(60)
    other = subprocess.Popen([sys.executable, "-c", OTHER, str(server.getsockname()[1])])
    peer, _ = server.accept()

    def step():
        peer.sendall(b"1")
        assert len(peer.recv({SIZE}, socket.MSG_WAITALL)) == {SIZE}

    print(bytes_per_step(step, barrier=step), flush=True)
    peer.close()
    other.wait(60)
""")


@pytest.mark.skipif(bool(without_own_network()), reason=without_own_network())
def test_the_bytes_of_a_step_and_of_nothing_else():
    command = in_own_network([sys.executable, "-c", EXCHANGE])
    done = subprocess.run(
        command, cwd=ROOT / "tests", check=False, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert SIZE < float(done.stdout) < HEADERS * SIZE
