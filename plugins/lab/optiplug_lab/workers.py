"""The workers of a run, seen by one of them, and what they tell each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import ConfigError, OptiplugError, Tensor, errors, worker_errors
from optiplug.checkpoint import changes

from .cluster import Cluster

__all__ = ["Workers"]

# Bytes that are exchanged at a time.
_PART = 4096


class Workers:
    """The workers of a strategy, seen by one of them; a process without others is the only one.

    What one tells, or fails with, all of them hear: they never wait for one that has given up.

    Parameters
    ----------
    strategy
        That of the run, which is alike on all of them.
    cluster
        Who they are; None for a process that trains alone.
    """

    def __init__(self, strategy: tf.distribute.Strategy, cluster: Cluster | None) -> None:
        self._strategy, self._cluster = strategy, cluster
        self.count, self.index = (1, 0) if cluster is None else (len(cluster), cluster.index)
        self.is_chief = self.index == 0
        self.alone = cluster is None
        self._summed = tf.function(self._sum)

    def require_same(self, told: Mapping[str, object]) -> None:
        """Compare what decides the steps, as JSON values by name.

        Raises
        ------
        ConfigError
            On every worker, if one has another than the chief.
        """
        chief, *others = map(json.loads, self._exchange(json.dumps(told)))
        for index, other in enumerate(others, start=1):
            for name, its, now in changes(chief, other):
                raise ConfigError(
                    f"must be the same on all workers, and is {its} on worker 0, {now} on worker {index}",
                    where=name,
                    hint="start all workers with the same files and options",
                )

    def together(self, act: Callable[[], Any]) -> list[Any]:
        """Return what `act` returned on each worker, which is JSON.

        Raises
        ------
        OptiplugError
            If `act` raised on another worker: of the same kind, with the same words and that worker.
        """
        if self.count == 1:
            return [act()]
        outcome: dict[str, Any] = {}
        try:
            outcome["value"] = act()
        except Exception as error:
            self._exchange(json.dumps({"error": [type(error).__name__, str(error)]}))
            raise
        outcomes = list(map(json.loads, self._exchange(json.dumps(outcome))))
        for index, each in enumerate(outcomes):
            if "error" in each:
                raise _raised(index, *each["error"])
        return [each["value"] for each in outcomes]

    def of_chief(self, act: Callable[[], Any] | None) -> Any:
        """Return what `act` returned on the chief, which alone has one; what it raised all raise."""
        return self.together(act or _nothing)[0]

    def _exchange(self, text: str) -> list[str]:
        """Return what each worker has given to its call of this."""
        if self.count == 1:
            return [text]
        given = text.encode()
        heard: list[bytes] = []
        longest, begin = 1, 0
        while begin < longest:
            table = np.zeros((self.count, _PART + 1), np.float32)
            part = np.frombuffer(given[begin : begin + _PART], np.uint8)
            table[self.index, 0], table[self.index, 1 : len(part) + 1] = len(given), part
            with worker_errors():
                table = np.rint(self._summed(tf.constant(table)).numpy())
            lengths = table[:, 0].astype(int)
            heard.append(table[:, 1:].astype(np.uint8).tobytes())
            longest, begin = lengths.max(), begin + _PART
        return [
            b"".join(each[index * _PART : (index + 1) * _PART] for each in heard)[:length].decode()
            for index, length in enumerate(lengths)
        ]

    def _sum(self, table: Tensor) -> Tensor:
        """Return the sum over the workers; every replica of this process adds a part of what it gives."""
        share = self.count / self._strategy.num_replicas_in_sync
        shares = self._strategy.run(lambda: table * share)
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, shares, axis=None)


def _nothing() -> None:
    pass


def _raised(index: int, kind: str, text: str) -> OptiplugError:
    """Return an error of another worker, of a kind that has the same exit code."""
    known = getattr(errors, kind, None)
    found = known if isinstance(known, type) and issubclass(known, OptiplugError) else OptiplugError
    return found(f"worker {index}: {text}")
