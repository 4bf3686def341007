"""The random numbers that a plugin draws, for an oracle that has to know them."""

from __future__ import annotations

import numpy as np

import optiplug
from references.training import Array
from support.trajectories import follow, problem


def standard_normals(seed: int) -> list[list[Array]]:
    """Return what add_noise draws in each call of `problem`, at variance 1.

    At rate 1 a decay of 1 clears the variables before the update, so they are the noise itself.
    """
    chain = [
        {"use": "add_noise", "eta": 1.0, "gamma": 0.0, "seed": seed},
        {"use": "weight_decay", "rate": 1.0},
    ]
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=chain)
    initial, gradients = problem()
    silence = [[np.zeros_like(each) for each in present] for present in gradients]
    return [[-each for each in variables] for variables in follow(optimizer, initial, silence, "float64")]
