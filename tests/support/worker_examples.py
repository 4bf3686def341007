"""What the processes of the tests of `support.workers` do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from support import workers


def task(**arguments: Any) -> list[Any]:
    """Return which task this is, and what it was given."""
    return [json.loads(os.environ.get("TF_CONFIG", "{}")).get("task"), arguments]


def sleep() -> None:
    """Never end, and neither let a child."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    workers.say(child.pid)
    time.sleep(600)


def fail() -> None:
    """Fail in every task."""
    raise ValueError("as it must")


def steps_on_servers(steps: int) -> float:
    """Count on a variable of a parameter server, from the workers."""
    import tensorflow as tf

    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    with strategy.scope():
        count = tf.Variable(0.0)
    for _ in range(steps):
        coordinator.schedule(tf.function(lambda: count.assign_add(1.0)))
    coordinator.join()
    return float(count)


def sum_of_workers() -> float:
    """Sum one number of each worker."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    number = strategy.cluster_resolver.task_id + 1.0

    def sum_over_replicas() -> Any:
        return tf.distribute.get_replica_context().all_reduce("SUM", tf.constant(number))

    return float(strategy.run(sum_over_replicas))
