"""One run, wherever and however it is executed: the same variables and the same state."""

import numpy as np
import pytest

from support.device_places import BY_BATCH, BY_BOTH, BY_MODEL, ONE, REPLICATED, OnStrategy
from support.placed_runs import BROKEN_CALLS, CALLS, EVERYTHING, SGD, assert_close, train
from support.strategies import central_storage, mirrored, one_device

# On a mesh variables are never joined; elsewhere they are in the one config, and not in the other.
APART = {**SGD, "momentum": 0.9, "pack_small_variables": False}
CONFIGS = {"sgd": APART, "everything": EVERYTHING}
PLACES = {
    "default": ONE,
    "one device": OnStrategy(one_device),
    "mirrored 2": OnStrategy(lambda: mirrored(2)),
    "mirrored 4": OnStrategy(lambda: mirrored(4)),
    "central storage": OnStrategy(central_storage),
    "DTensor replicated": REPLICATED,
    "DTensor by batch": BY_BATCH,
    "DTensor by model": BY_MODEL,
    "DTensor by both": BY_BOTH,
}
PROGRAMS = {"mirrored 2": 2, "mirrored 4": 4}  # elsewhere there is one
REFERENCE = ("default", "eager")
CELLS = [(place, mode) for place in PLACES for mode in ("eager", "graph")] + [("default", "xla")]


@pytest.fixture(scope="module")
def references():
    return {name: train(ONE, config, "eager") for name, config in CONFIGS.items()}


@pytest.mark.sampled(41)
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize(("place", "mode"), [cell for cell in CELLS if cell != REFERENCE])
def test_same_values(place, mode, config, references):
    """A NaN that one replica alone sees is in it: all skip, as the single device does."""
    _, after, final = references[config]
    run, ours_after, ours_final = train(PLACES[place], CONFIGS[config], mode)
    assert_close(ours_after, after)
    assert_close(ours_final, final)
    assert run.optimizer.trace_count == PROGRAMS.get(place, 1)


def test_the_reference_takes_the_steps_it_should(references):
    for name, taken in (("sgd", CALLS), ("everything", (CALLS - len(BROKEN_CALLS)) // 2)):
        _, after, final = references[name]
        assert after["iterations"] == taken
        assert all(np.all(np.isfinite(value)) for value in (*after.values(), *final.values()))
    assert after["skip_non_finite/skipped"] == len(BROKEN_CALLS)
    assert after["accumulate/count"] == 1
    assert np.abs(after["accumulate/sum/table"]).max() > 1e-3
    assert np.abs(after["ema/average/table"] - after["table"]).max() > 1e-3
    np.testing.assert_array_equal(final["table"], after["ema/average/table"])


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": 0.05},
        {"momentum": 0.8},
        {"nesterov": False},
        {"global_clipnorm": None},
        {"weight_decay": None},
        {"ema_momentum": 0.8},
        {"ema_overwrite_frequency": None},
        {"use_ema": False, "ema_momentum": 0.99, "ema_overwrite_frequency": None},
        {"processors": [{"use": "skip_non_finite"}]},
        {"processors": [{"use": "accumulate", "steps": 2}]},
    ],
    ids=str,
)
def test_each_part_of_everything_matters(changes, references):
    _, _, expected = references["everything"]
    _, _, final = train(ONE, {**EVERYTHING, "jit_compile": False, **changes}, "graph")
    assert not np.abs(final["table"] - expected["table"]).max() < 1e-4  # also where there is a NaN
