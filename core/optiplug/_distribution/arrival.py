"""The arrival of all workers, before TensorFlow waits for them without a word and without a limit."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping

import tensorflow as tf

from optiplug.errors import ConfigError, LostWorkerError

from .workers import VARIABLE, ClusterResolver, addresses, longest_wait, name_of

__all__ = ["wait_for_workers"]

_PAUSE = 0.2  # seconds between two looks at those that are missing
_LONGEST_LOOK = 2.0  # seconds: a host that is not there yet does not even refuse


def wait_for_workers(resolver: ClusterResolver | None = None) -> None:
    """Wait until all workers are there; call it before the strategy of these is made.

    The constructor of `tf.distribute.MultiWorkerMirroredStrategy` waits an hour for a worker that does not
    come up, and does not tell for whom. Until all are there this one listens at its own address, as
    TensorFlow does afterwards, and OPTIPLUG_WORKER_TIMEOUT says for how many seconds, 600 by default.

    Parameters
    ----------
    resolver
        Who the workers are, as it is given to the strategy; by default TF_CONFIG tells. Where there are no
        others, nothing happens.

    Raises
    ------
    LostWorkerError
        If some do not come up; the message names them.
    ConfigError
        If another process has the address of this worker.

    Examples
    --------
    >>> import optiplug
    >>> optiplug.wait_for_workers()  # alone
    """
    resolver = resolver or tf.distribute.cluster_resolver.TFConfigClusterResolver()
    known, own = addresses(resolver), (resolver.task_type, resolver.task_id)
    if own not in known:
        return
    missing = {task: address for task, address in known.items() if task != own}
    if missing:
        with _listening(known[own], len(known)):
            _await(missing)


def _await(missing: dict[tuple[str, int], str]) -> None:
    end = time.monotonic() + longest_wait()
    while True:
        for task, address in list(missing.items()):
            if _is_there(address):
                del missing[task]
        if not missing:
            return
        if time.monotonic() > end:
            raise _lost(missing)
        time.sleep(_PAUSE)


def _lost(missing: Mapping[tuple[str, int], str]) -> LostWorkerError:
    names = [name_of(*each) for each in missing.items()]
    return LostWorkerError(
        f"did not come up within {longest_wait():g} s",
        where=", ".join(names),
        workers=names,
        hint=f"see its log: it has not started, or cannot be reached; {VARIABLE} sets how long to wait",
    )


def _is_there(address: str) -> bool:
    """Whether anybody listens at an address."""
    with contextlib.suppress(OSError), socket.create_connection(_parts(address), _LONGEST_LOOK) as found:
        # Linux connects a socket to itself if the port that it was given for the journey is that one.
        return bool(found.getsockname() != found.getpeername())
    return False


@contextlib.contextmanager
def _listening(address: str, workers: int) -> Iterator[None]:
    """Let others see that this worker is there; nobody has to be answered for that."""
    _, port = _parts(address)
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    try:
        # On all interfaces, as TensorFlow: the address may be one that only others know.
        server = socket.create_server(
            ("", port), family=family, backlog=max(128, 2 * workers), dualstack_ipv6=family == socket.AF_INET6
        )
    except OSError as error:
        raise ConfigError(
            "another process has the address of this worker",
            where="TF_CONFIG",
            received=f"{address}: {error.strerror}",
            hint="end that process, or give this worker another port",
        ) from error
    with server:
        yield


def _parts(address: str) -> tuple[str, int]:
    """Return host and port.

    >>> _parts("[::1]:2222")
    ('::1', 2222)
    """
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
