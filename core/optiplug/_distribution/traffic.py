"""What a step moves between replicas, by the algorithms of TensorFlow's strategies.

Nothing is sent here: these are the formulas, which the tests compare with what an interface counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

__all__ = ["STRATEGIES", "Transfer", "exchanged", "gathered", "handed_out", "served", "summed"]

STRATEGIES = {
    "one_device": "on one device nothing is moved",
    "mirrored": "MirroredStrategy moves between the devices of one machine, over no network",
    "multi_worker": "MultiWorkerMirroredStrategy: a worker has one device and a link of its own",
    "mesh": "a DTensor mesh, on which each device has whole variables and a part of the batch",
    "parameter_server": "ParameterServerStrategy: each worker and server has a link of its own",
}
"""The names of strategies here, with what is assumed of each."""


@dataclass(frozen=True)
class Transfer:
    """What is moved in a step for one purpose, in bytes.

    `replica` passes the link of one replica in one direction, `link` the busiest link of all in one
    direction, and `total` is what all send together, as each byte is sent once for each link that it passes.
    `rounds` is how many messages wait for one another.
    """

    what: str
    replica: float
    link: float
    total: float
    rounds: int


def summed(what: str, size: int, replicas: int) -> Transfer:
    """Return the sum of `size` bytes over all replicas, which every one gets.

    In a ring each replica sends a share of one part in N to the next one, N - 1 times until all shares are
    summed, and N - 1 times until all replicas have them.

    >>> summed("gradients", 1000, 4)
    Transfer(what='gradients', replica=1500.0, link=1500.0, total=6000, rounds=6)
    """
    rounds = 2 * (replicas - 1)
    return Transfer(what, size * rounds / replicas, size * rounds / replicas, size * rounds, rounds)


def gathered(what: str, share: float, replicas: int, *, sizes_first: bool = False) -> Transfer:
    """Return the collection of a share of each replica, which every one gets, in a ring.

    With `sizes_first` it goes around before how large each share is.

    >>> gathered("variables", 250, 4)
    Transfer(what='variables', replica=750, link=750, total=3000, rounds=3)
    """
    passed, rounds = share * (replicas - 1), replicas - 1
    return Transfer(what, passed, passed, replicas * passed, 2 * rounds if sizes_first else rounds)


def handed_out(what: str, share: float, replicas: int) -> Transfer:
    """Return what each replica sends to every other one directly, of which each gets a share.

    >>> handed_out("gradients", 250, 4)
    Transfer(what='gradients', replica=750, link=750, total=3000, rounds=1)
    """
    passed = share * (replicas - 1)
    return Transfer(what, passed, passed, replicas * passed, 1)


def served(sizes: Sequence[int], servers: int) -> int:
    """Return the bytes on the fullest of some servers, which get variables in turn.

    >>> served([400, 10, 100], servers=2)
    500
    """
    return max(sum(islice(sizes, first, None, servers)) for first in range(servers))


def exchanged(what: str, size: int, fullest: int, replicas: int) -> Transfer:
    """Return what every replica reads from servers, or sends them, of which so much is on the fullest one.

    >>> exchanged("variables", 1000, 500, replicas=4)
    Transfer(what='variables', replica=1000, link=2000, total=4000, rounds=1)
    """
    return Transfer(what, size, max(size, fullest * replicas), size * replicas, 1)
