"""Processes that do the jobs; each claims one by a lock, which ends with the process that has it."""

from __future__ import annotations

import contextlib
import fcntl
import math
import multiprocessing
import multiprocessing.connection
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .plan import Job, Plan, Run
from .protocol import PROTOCOL, Protocol
from .records import Ended, Record, Records, rounded
from .rows import ROWS, Row
from .targets import frozen

__all__ = ["JOBS_OF_A_PROCESS", "compute", "with_one_thread", "work"]

# XLA frees no program that it has compiled, so a process ends after some jobs, and another goes on.
JOBS_OF_A_PROCESS = 8
MORE = 75
WAIT = 2.0


def compute(
    folder: Path, rows: Sequence[str], processes: int, protocol: Path = PROTOCOL, row_folder: Path = ROWS
) -> None:
    """Do all that is left, in so many processes."""
    spawn = multiprocessing.get_context("spawn")
    arguments = (folder, rows, protocol, row_folder)
    running = [spawn.Process(target=_process, args=arguments) for _ in range(processes)]
    for each in running:
        each.start()
    while running:
        multiprocessing.connection.wait([each.sentinel for each in running])
        for ended in [each for each in running if each.exitcode is not None]:
            running.remove(ended)
            if ended.exitcode == MORE:
                running.append(spawn.Process(target=_process, args=arguments))
                running[-1].start()
            elif ended.exitcode:
                raise RuntimeError(f"a process ended with {ended.exitcode}: see above")


def with_one_thread() -> None:
    """Let TensorFlow have one thread: runs are small, and two processes do more than one with two."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _process(folder: Path, rows: Sequence[str], protocol: Path, row_folder: Path) -> None:
    with_one_thread()
    if work(folder, rows, protocol, row_folder, JOBS_OF_A_PROCESS):
        raise SystemExit(MORE)


def work(
    folder: Path,
    rows: Sequence[str],
    protocol: Path = PROTOCOL,
    row_folder: Path = ROWS,
    jobs: float = math.inf,
) -> bool:
    """Do jobs until none is left, or as many as are said; say whether some may be left."""
    rules = Protocol.read(protocol)
    wanted = dict.fromkeys([*rules.targets.rows, *rows])
    plan = Plan(rules, Records(folder, rules.version), [Row.read(name, row_folder) for name in wanted])
    while left := [job for job in plan.jobs() if job.stage != "tuned" or job.row in rows]:
        if not any(_tried(plan, job) for job in left):
            time.sleep(WAIT)  # until what others have begun is done
            continue
        jobs -= 1
        if jobs <= 0:
            return True
    return False


def _tried(plan: Plan, job: Job) -> bool:
    """Do a job, if it can begin and no other process has it; say whether it was done."""
    if not plan.is_ready(job) or next(plan.left(job), None) is None:
        return False
    with _claimed(plan.records.folder / ".claims" / f"{job.row}-{job.workload}-{job.stage}") as mine:
        if not mine:
            return False
        for run in plan.left(job):
            plan.records.add(_record(plan, job, run))
        return True


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _record(plan: Plan, job: Job, run: Run) -> Record:
    """Do a run; what goes wrong in it is in its record."""
    curve: list[float] = []
    started, problem = time.perf_counter(), ""
    try:
        ended = _followed(plan, job, run, curve)
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises: the other rows go on
        ended, problem = "failed", f"{type(error).__name__}: {error}"[:200]
    return Record(
        protocol=plan.protocol.version,
        row=job.row,
        digest=plan.rows[job.row].digest,
        workload=job.workload,
        ended=ended,
        curve=tuple(curve),
        seconds=round(time.perf_counter() - started, 3),
        problem=problem,
        **vars(run),
    )


def _followed(plan: Plan, job: Job, run: Run, curve: list[float]) -> Ended:
    """Take the steps of a run up to where nobody needs more of them; say why it ended."""
    from .programs import program

    protocol, row = plan.protocol, plan.rows[job.row]
    workload = protocol.workloads[job.workload]
    plain = row.plain(run.values, run.steps)
    made, columns = program(workload, row.optimizer, plain, protocol.longest(workload))
    # On track B the figure at the end counts, too.
    target = frozen(protocol, plan.records.folder)[job.workload].value if run.stage == "tuned" else math.nan
    for point in made.run(run.seed, columns, run.steps):
        curve.append(rounded(point.figure))
        if point.step and not math.isfinite(point.loss):
            return "diverged"
        if workload.reached(curve[-1], target):
            return "target"
    return "budget"
