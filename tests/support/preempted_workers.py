"""Training that is preempted, under the handler of TensorFlow for that."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from support.worker_matrix import CALLS, Run, batches, place, workers

PREEMPTED, CALL = 42, 5  # the status of a process that has saved itself, and the call in which it is told to


def train(preempt: bool) -> dict[str, Any]:
    """Train to the end, from where an earlier process was preempted, or be preempted."""
    run, (position, count) = Run(workers(), "full"), place(workers())
    termination = tf.distribute.experimental.TerminationConfig(
        grace_period=0, exit_fn=lambda: os._exit(PREEMPTED)
    )
    handler = tf.distribute.experimental.PreemptionCheckpointHandler(
        workers().cluster_resolver, run.checkpoint, str(Path.cwd() / "preempted"), termination
    )
    step = tf.function(lambda x: workers().run(run.step, args=(x,)))
    first = int(handler.total_run_calls)
    for call in range(first, CALLS):
        if preempt and call == CALL and position == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        handler.run(step, tf.constant(np.split(batches(broken=True)[call], count)[position]))
    return {"first": first, "values": run.values()}
