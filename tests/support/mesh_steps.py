"""Steps on a mesh across processes, of one device each."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.experimental import dtensor

import optiplug
from support.scaled_steps import CONFIGS, MODELS, Case
from support.traffic import bytes_per_step

__all__ = ["mesh"]


def mesh(cases: Sequence[Case]) -> list[float]:
    """Return the bytes that all processes send in a step of each config and model; every one calls it."""
    on = _distributed_mesh()
    divided = dtensor.Layout(["batch", dtensor.UNSHARDED], on)
    batch = dtensor.call_with_layout(tf.ones, divided, [on.size, 1])
    meeting = tf.function(lambda: tf.reduce_sum(batch), autograph=False)

    def barrier() -> Any:
        return dtensor.unpack(meeting())[0].numpy()

    return [bytes_per_step(_stepping(on, batch, *case), barrier) for case in cases]


def _stepping(on: dtensor.Mesh, batch: Any, config: str, model: str) -> Any:
    shapes, rows = MODELS[model]
    assert not rows, "gradients are dense on a mesh"
    variables = []
    for name, shape in shapes.items():
        whole = dtensor.Layout.replicated(on, len(shape))
        variables.append(dtensor.DVariable(dtensor.call_with_layout(tf.ones, whole, shape), name=name))
    optimizer = optiplug.from_config(dict(CONFIGS[config]), mesh=on)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            # Each device has a part of the batch only, so that gradients have to be summed.
            losses = [tf.reduce_sum((batch + tf.reshape(each, [1, -1])) ** 2) for each in variables]
        gradients = tape.gradient(losses, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    return step


def _distributed_mesh() -> dtensor.Mesh:
    """Return the mesh of all processes, which DTensor is told of in variables of its own."""
    config = json.loads(os.environ.pop("TF_CONFIG"))
    addresses = config["cluster"]["worker"]
    os.environ |= {
        "DTENSOR_CLIENT_ID": str(config["task"]["index"]),
        "DTENSOR_NUM_CLIENTS": str(len(addresses)),
        "DTENSOR_JOB_NAME": "worker",
        "DTENSOR_JOBS": ",".join(addresses),
    }
    dtensor.initialize_accelerator_system("CPU")
    return dtensor.create_distributed_mesh([("batch", len(addresses))], device_type="CPU")
