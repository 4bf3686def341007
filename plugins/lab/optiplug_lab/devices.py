"""The devices of a run."""

from __future__ import annotations

import contextlib

import tensorflow as tf

from optiplug import ConfigError

__all__ = ["make_strategy"]


def make_strategy(devices: int) -> tf.distribute.Strategy:
    """Return the default strategy for one device, else a mirrored one over logical CPU devices.

    Raises
    ------
    ConfigError
        If TensorFlow has fixed its devices already, and there are too few.
    """
    if devices == 1:
        return tf.distribute.get_strategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    if tf.config.get_logical_device_configuration(cpu) is None:
        with contextlib.suppress(RuntimeError):  # if TensorFlow has run already; the count below decides
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * devices
            )
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    if len(names) < devices:
        raise ConfigError(
            f"there are {len(names)} logical CPU devices",
            where="strategy.mirrored",
            received=devices,
            hint="train in a fresh process: TensorFlow fixes its devices when it first runs",
        )
    # The devices share their memory. Collectives, the default, would gain nothing, and TensorFlow numbers
    # them anew for each strategy, so a second strategy in a process would meet the buffers of the first.
    reduction = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy(names[:devices], cross_device_ops=reduction)
