"""TensorFlow as the tests run it: on four logical CPUs, a thread or two each, and no graph rewritten."""

from __future__ import annotations

import sys

LOGICAL_CPUS = 4


def configure() -> None:
    """Split the CPU in four, if a test has imported TensorFlow.

    TensorFlow fixes its devices when it first runs an operation, so this comes before the
    first test. It does not import TensorFlow itself: tests of what must stay free of it run
    in seconds.
    """
    tf = sys.modules.get("tensorflow")
    if tf is None:
        return
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * LOGICAL_CPUS)
    tf.config.threading.set_intra_op_parallelism_threads(1)  # each xdist worker has a core of its own
    tf.config.threading.set_inter_op_parallelism_threads(2)
    # Rewriting a graph takes longer than the few steps that it would make faster.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
