"""DoG and L-DoG: what their steps do not depend on, and what state they keep."""

from __future__ import annotations

import numpy as np
import pytest

import optiplug
from support.trajectories import apply, assert_same, follow, problem, variables_of

FIELDS = {"reps_rel": 0.1, "epsilon": 1e-30}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("layerwise", [False, True])
def test_the_size_of_gradients_does_not_matter(layerwise):
    initial, gradients = problem(10)
    larger = [[1024 * each for each in present] for present in gradients]
    ours, theirs = (
        follow(optiplug.create("dog", layerwise=layerwise, **FIELDS), initial, given, "float64")
        for given in (gradients, larger)
    )
    assert_same(ours, theirs, 1e-12)


@pytest.mark.slow
def test_a_layer_is_as_if_it_were_alone():
    initial, gradients = problem(10)
    together = follow(optiplug.create("dog", layerwise=True, **FIELDS), initial, gradients, "float64")
    alone = follow(
        optiplug.create("dog", **FIELDS), initial[2:3], [each[2:3] for each in gradients], "float64"
    )
    assert_same([each[2:3] for each in together], alone, 1e-12)
    shared = follow(optiplug.create("dog", **FIELDS), initial, gradients, "float64")
    assert np.abs(shared[-1][2] - alone[-1][0]).max() > 1e-3


@pytest.mark.slow
def test_state_is_one_copy_and_two_numbers():
    initial, gradients = problem(1)
    numbers = {"max_distance", "square_sum"}
    for layerwise in (False, True):
        optimizer, variables = optiplug.create("dog", layerwise=layerwise), variables_of(initial, "float32")
        apply(optimizer, gradients[0], variables)
        held = {name: each.shape for name, each in optimizer.state.states.items()}
        whole = {name for name in held if name.startswith("initial/")}
        assert whole == {f"initial/w{key}" for key in range(4)}
        own = {name for name in held if name.partition("/")[0] in numbers}
        assert own == ({f"{name}/w{key}" for name in numbers for key in range(4)} if layerwise else numbers)
        assert all(held[name].rank == 0 for name in own)


def test_weight_decay_follows_the_size_of_the_steps():
    fields = {"reps_rel": 0.5, "epsilon": 4.0, "weight_decay": 0.25, "exclude_from_weight_decay": ["w1"]}
    optimizer, variables = optiplug.create("dog", **fields), variables_of([np.asarray(2.0)] * 2, "float64")
    apply(optimizer, [np.zeros(())] * 2, variables)
    rate = 0.5 * (1 + np.sqrt(8.0)) / 2.0
    np.testing.assert_allclose(variables[0].numpy(), 2.0 * (1 - 0.25 * rate), rtol=1e-12)
    assert variables[1].numpy() == 2.0
