"""A checkpoint knows no layout: what was on a mesh goes on there, on another one, or on one device."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.checkpoint import Checkpoints
from support.device_places import BY_MODEL, FOUR_BY_ONE, ONE, ONE_BY_FOUR, OTHERWISE, REPLICATED, OnMesh
from support.placed_runs import EVERYTHING, SHAPES, Run, assert_close, assert_equal, batches

HALF = 5
DATA = batches(broken=True)
PLACES = {
    "plain": ONE,
    "4 x 1": FOUR_BY_ONE,
    "1 x 4": ONE_BY_FOUR,
    "replicated": REPLICATED,
    "otherwise": OTHERWISE,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return half of a run on a mesh, as a checkpoint, by name and as values, and the values at its end."""
    run, store = Run(BY_MODEL, EVERYTHING).train(DATA[:HALF]), {}
    run.optimizer.save_own_variables(store)
    path = run.checkpoint.save(tmp_path_factory.mktemp("trained") / "on_mesh")
    half = run.values()
    return SimpleNamespace(path=path, store=store, half=half, end=run.train(DATA[HALF:]).values())


def restored(path, place, deferred, *config):
    """Return a run with the values of a checkpoint."""
    run = Run(place, *(config or (EVERYTHING,)))
    if not deferred:
        run.optimizer.build(run.variables)
    status = run.checkpoint.restore(path)
    run.optimizer.build(run.variables)
    status.assert_consumed()
    return run


@pytest.mark.sampled(6)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("deferred", [False, True], ids=["built", "deferred"])
def test_there_and_back(trained, place, deferred, tmp_path):
    there = restored(trained.path, place, deferred)
    assert_equal(there.values(), trained.half)
    back = restored(there.checkpoint.save(tmp_path / "there"), BY_MODEL, deferred)
    assert_equal(back.values(), trained.half)
    for run in [there, back] if isinstance(place, OnMesh) else [back]:
        momenta = [run.state(f"momentum/{name}") for name in SHAPES]
        assert [each.layout for each in momenta] == [each.layout for each in run.variables]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("deferred", [False, True], ids=["built", "deferred"])
def test_training_goes_on_as_if_it_had_not_ended(trained, deferred):
    run = restored(trained.path, BY_MODEL, deferred).train(DATA[HALF:])
    assert run.values()["iterations"] > trained.half["iterations"]
    assert_equal(run.values(), trained.end)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_state_by_name_there_and_back(trained, place):
    store = trained.store
    for where in (place, BY_MODEL):
        run = Run(where, EVERYTHING)
        run.optimizer.build(run.variables)
        run.optimizer.load_own_variables(store)
        for name, state in run.optimizer.state.states.items():
            np.testing.assert_array_equal(state.numpy(), trained.half[name], err_msg=name)
        store = {}
        run.optimizer.save_own_variables(store)


def test_another_optimizer_there_and_back(tmp_path):
    config = {"use_ema": True, "jit_compile": False}, "adam"
    on_mesh = Run(BY_MODEL, *config).train(DATA[:3])
    plain = restored(on_mesh.checkpoint.save(tmp_path / "mesh"), ONE, False, *config)
    back = restored(plain.checkpoint.save(tmp_path / "plain"), BY_MODEL, False, *config)
    for run in (plain, back):
        assert_equal(run.values(), on_mesh.values())
    for ours, theirs in zip(back.optimizer.variables, on_mesh.optimizer.variables, strict=True):
        assert ours.layout == theirs.layout


def checkpoints(run, folder):
    return Checkpoints(folder, {"model": run.model, "optimizer": run.optimizer})


@pytest.mark.sampled(6)
@pytest.mark.parametrize("place", [*PLACES.values(), BY_MODEL], ids=[*PLACES, "by model"])
def test_a_run_goes_on_elsewhere(trained, place, tmp_path):
    """A whole run that was saved on the mesh of 2 x 2; or, where it goes on there, on none."""
    source = restored(trained.path, ONE if place is BY_MODEL else BY_MODEL, False)
    checkpoints(source, tmp_path).save(1)
    run = Run(place, EVERYTHING)
    run.optimizer.build(run.variables)
    checkpoints(run, tmp_path).restore()
    assert_equal(run.values(), trained.half)
    assert_close(run.train(DATA[HALF:]).values(), trained.end)


@pytest.mark.parametrize("there", [ONE, FOUR_BY_ONE], ids=["plain", "4 x 1"])
def test_wide_state_beside_half_precision_goes_there_and_back(there, tmp_path):
    """Whose names in a checkpoint tell in which dtype it is."""
    path, expected = None, None
    for number, place in enumerate((BY_MODEL, there, BY_MODEL)):
        array = np.arange(640.0).reshape(SHAPES["table"])
        variable = place.variable(tf.cast(array, "bfloat16").numpy(), "table")
        optimizer = optiplug.create("adam", jit_compile=False)
        optimizer.build([variable])
        checkpoint = tf.train.Checkpoint(table=variable, optimizer=optimizer)
        if path is None:
            optimizer.apply_gradients([(variable.read_value(), variable)])
        else:
            checkpoint.read(path).assert_consumed()
        values = {name: state.numpy() for name, state in optimizer.state.states.items()}
        expected = expected or values
        assert_equal(values, expected)
        path = checkpoint.write(tmp_path / str(number))
    assert expected["momentum/table"].dtype == np.float32
    assert expected["momentum/table"].any()
