"""Real processes of a cluster on the loopback interface, of which none is left behind.

A target is a function by name, ``"support.some_module:function"``. Each task of the cluster calls it in a
process of its own, with TF_CONFIG set, and what it returns is written as JSON. With parameter servers only
the chief does, and all other tasks serve it until it ends; without tasks it is one process alone.
"""

from __future__ import annotations

import json
import os
import pkgutil
import secrets
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from support import forks
from support.project_paths import ROOT

Tasks = Mapping[str, int]
ALONE: Tasks = {}
# One thread for operations in each, as the processes of one cluster share the cores of the tests.
QUIET = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_NUM_INTEROP_THREADS": "2",
    "TF_NUM_INTRAOP_THREADS": "1",
}


def say(text: object) -> None:
    """Write a line that `Worker.stdout` has at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def until(condition: Callable[[], object], deadline: float, what: str) -> None:
    """Wait for a condition, and fail the test where it does not come."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {deadline:g} s"
        time.sleep(0.02)


@dataclass(frozen=True)
class Worker:
    """A process of a cluster: its task, and the files with what it returned and wrote."""

    task: str
    index: int
    process: forks.Fork
    folder: Path
    serves: bool

    @property
    def name(self) -> str:
        return f"{self.task}-{self.index}"

    @property
    def result(self) -> Any:
        """What its function returned; None if it did not."""
        path = self.folder / f"{self.name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def stdout(self) -> str:
        return (self.folder / f"{self.name}.out").read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return (self.folder / f"{self.name}.err").read_text(errors="replace")

    @property
    def returncode(self) -> int | None:
        """The exit status, None while it runs."""
        return self.process.returncode

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it has started."""
        if self.returncode is None:
            self.process.send(number)


class Cluster:
    """Starts a process for each task inside a ``with`` block, and ends all of them with it."""

    def __init__(
        self,
        target: str,
        tasks: Tasks,
        folder: Path,
        arguments: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._target, self._folder, self._arguments = target, folder, arguments or {}
        self._environment = {**os.environ, **QUIET, **(environment or {})}
        ports = iter(free_ports(sum(tasks.values())))
        self.addresses = {task: [f"127.0.0.1:{next(ports)}" for _ in range(n)] for task, n in tasks.items()}
        self.workers: dict[tuple[str, int], Worker] = {}

    def __enter__(self) -> Self:
        for task, addresses in (self.addresses or {"alone": [""]}).items():
            for index in range(len(addresses)):
                self.start(task, index)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers.values():
            with suppress(ProcessLookupError):  # one that has ended may have left others
                worker.process.send(signal.SIGKILL)
        for worker in self.workers.values():
            worker.process.wait()

    def __getitem__(self, task: tuple[str, int]) -> Worker:
        return self.workers[task]

    def start(self, task: str, index: int, **arguments: Any) -> Worker:
        """Start the process of a task, again if need be, with these arguments instead of its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name, serves = f"{task}-{index}", "ps" in self.addresses and task != "chief"
        given = self._folder / f"{name}.arguments"
        given.write_text(json.dumps({**self._arguments, **arguments}))
        target = "support.workers:serve" if serves else self._target
        (self._folder / f"{name}.json").unlink(missing_ok=True)
        process = forks.begin(
            main,
            target,
            name,
            folder=self._folder,
            environment=self._environment | self._variables(task, index),
            out=self._folder / f"{name}.out",
            err=self._folder / f"{name}.err",
        )
        self.workers[task, index] = Worker(task, index, process, self._folder, serves)
        return self.workers[task, index]

    def wait(self, deadline: float) -> list[Any]:
        """Wait for all that do not serve, and return their results; fail the test where one has none."""
        late = self.end(deadline)
        broken = [each for each in self.workers.values() if not each.serves and each.returncode != 0]
        told = "\n".join(f"--- {each.name}: {each.returncode}\n{each.stderr[-6000:]}" for each in broken)
        assert not broken, f"late: {late}, of {deadline:g} s\n{told}"
        return [each.result for each in self.workers.values() if not each.serves]

    def end(self, deadline: float) -> list[str]:
        """Wait for all that do not serve, end those that are late, and return the names of these."""
        end = time.monotonic() + deadline
        awaited = [each for each in self.workers.values() if not each.serves]
        while time.monotonic() < end and any(each.returncode is None for each in awaited):
            time.sleep(0.02)
        late = [each for each in awaited if each.returncode is None]
        for worker in late:
            worker.send(signal.SIGCONT)
            worker.send(signal.SIGABRT)  # Python writes where each thread is
        for worker in late:
            if not worker.process.wait(5):
                worker.send(signal.SIGKILL)
                worker.process.wait()
        return [each.name for each in late]

    def _variables(self, task: str, index: int) -> dict[str, str]:
        path = [str(ROOT / "tests"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        config = json.dumps({"cluster": self.addresses, "task": {"type": task, "index": index}})
        return {"PYTHONPATH": os.pathsep.join(path)} | ({"TF_CONFIG": config} if self.addresses else {})


def run(target: str, tasks: Tasks, folder: Path, deadline: float = 120, **arguments: Any) -> list[Any]:
    """Run a function in every task of a cluster, and return what they return, in the order of the tasks."""
    with Cluster(target, tasks, folder, arguments) as cluster:
        return cluster.wait(deadline)


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens."""
    # Below those that Linux gives to connections: such a one may be taken before its server starts.
    ports: list[int] = []
    while len(ports) < count:
        port = 15_000 + secrets.randbelow(17_000)  # not the same in two tests at a time
        with socket.socket() as listener:
            if port not in ports and listener.connect_ex(("127.0.0.1", port)) != 0:
                ports.append(port)
    return ports


def in_turn(names: Sequence[str]) -> dict[str, Any]:
    """Call functions one after the other, and return what each returns, or how it failed, by name."""
    results = {}
    for name in names:
        say(f"{name} at {time.process_time():.1f} s of this process")
        try:
            results[name.partition(":")[2]] = {"value": pkgutil.resolve_name(name)()}
        except Exception:  # noqa: BLE001  # the test of this function fails with it
            results[name.partition(":")[2]] = {"error": traceback.format_exc()}
    return results


def serve() -> None:
    """Be a parameter server, or a worker of one, until the cluster ends."""
    import tensorflow as tf

    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    tf.distribute.Server(
        resolver.cluster_spec(),
        job_name=resolver.task_type,
        task_index=resolver.task_id,
        protocol="grpc",
        start=True,
    ).join()


def main(target: str, name: str) -> None:
    """Be one process of a cluster."""
    arguments = json.loads(Path(f"{name}.arguments").read_text())
    result = pkgutil.resolve_name(target)(**({} if target == "support.workers:serve" else arguments))
    written = Path(f"{name}.json.part")
    written.write_text(json.dumps(result, default=lambda value: np.asarray(value).tolist()))
    written.replace(f"{name}.json")
