"""The workers that train together, as TF_CONFIG tells each of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optiplug import ConfigError

__all__ = ["VARIABLE", "Cluster"]

VARIABLE = "TF_CONFIG"
"""The variable of the environment from which TensorFlow knows the workers."""

# In the order in which TensorFlow counts them: a chief, if there is one, before the workers.
_JOBS = ("chief", "worker")
# Serve others: they take no part in a sum over the workers.
_OTHERS = ("evaluator", "master", "ps")
_LOCAL = "local"
_DIGITS = 9
_HINT = """launchers set it, such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, """
_HINT += """"task": {"type": "worker", "index": 0}}"""


@dataclass(frozen=True)
class Cluster:
    """The addresses of all workers, and which of them this process is.

    Parameters
    ----------
    addresses
        A ``host:port`` for each worker, that of the chief first.
    index
        The place of this process among them.
    local
        Whether all of them were started by a process on this machine, which waits for them.

    Examples
    --------
    >>> from optiplug_lab.cluster import Cluster
    >>> told = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
    >>> cluster = Cluster.of_environment({"TF_CONFIG": told})
    >>> len(cluster), cluster.index, cluster.is_chief
    (2, 1, False)
    """

    addresses: tuple[str, ...]
    index: int
    local: bool = False

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Cluster | None:
        """Return what TF_CONFIG tells; None where it is not set.

        Raises
        ------
        ConfigError
            If it is not of the form that TensorFlow reads, or tells of jobs that take no part.
        """
        text = environment.get(VARIABLE, "").strip()
        if not text:
            return None
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _refused("", f"must be JSON: {error}", text) from None
        if not isinstance(told, dict):
            raise _refused("", "must be an object", told)
        jobs = dict(_jobs(told.get("cluster")))
        place = _place(told.get("task"), jobs)
        addresses = [address for job in _JOBS for address in jobs.get(job, ())]
        return cls(tuple(addresses), place, told.get("environment") == _LOCAL)

    def text_of(self, index: int) -> str:
        """Return the TF_CONFIG of a worker of this machine."""
        task = {"type": "worker", "index": index}
        told = {"cluster": {"worker": list(self.addresses)}, "task": task, "environment": _LOCAL}
        return json.dumps(told)

    @property
    def is_chief(self) -> bool:
        """Whether this worker is the one that writes."""
        return self.index == 0

    def __len__(self) -> int:
        return len(self.addresses)


def _jobs(cluster: Any) -> Iterator[tuple[str, Sequence[str]]]:
    if not isinstance(cluster, dict) or not cluster:
        raise _refused("cluster", "must be an object with the addresses of each job", cluster)
    for job, addresses in cluster.items():
        # Some launchers list a job that has no task.
        if not addresses:
            continue
        if job not in _JOBS:
            known = "has no part in `multi_worker`" if job in _OTHERS else "is no job of TensorFlow"
            raise _refused(f"cluster.{job}", known, addresses, hint="use `chief` and `worker` alone")
        if not isinstance(addresses, list) or not all(isinstance(each, str) for each in addresses):
            raise _refused(f"cluster.{job}", "must be a list of `host:port`", addresses)
        yield job, addresses
    chiefs = cluster.get("chief") or ()
    if len(chiefs) > 1:
        raise _refused("cluster.chief", "must be one address", chiefs)


def _place(task: Any, jobs: Mapping[str, Sequence[str]]) -> int:
    """Return the place of a task among the workers."""
    told = task if isinstance(task, dict) else {}
    job, place = str(told.get("type")), told.get("index")
    if job not in jobs:
        raise _refused("task.type", f"must be one of {', '.join(jobs)}", told.get("type"))
    # Launchers that fill in a template write it as text.
    number = str(place)
    if not number.isdecimal() or len(number) > _DIGITS or int(number) >= len(jobs[job]):
        raise _refused("task.index", f"must be a place among the {len(jobs[job])} of {job}, from 0", place)
    return int(number) + (len(jobs.get("chief", ())) if job == "worker" else 0)


def _refused(place: str, rule: str, received: object, hint: str = _HINT) -> ConfigError:
    where = f"{VARIABLE}.{place}" if place else VARIABLE
    return ConfigError(rule, where=where, received=received, hint=hint)
