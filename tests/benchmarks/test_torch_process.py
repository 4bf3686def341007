"""The process of torch: its contestants step there, and what it refuses is said here."""

import pytest

from benchmarks import torch_process
from benchmarks.contestants import CONTESTANTS, able
from benchmarks.setups import SETUPS
from benchmarks.shapes import SHAPES

needs_torch = pytest.mark.skipif(not torch_process.FORMS, reason="`make bench-torch` installs torch")
MIXED = [(3, 2), (2,)]


@needs_torch
@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("factor", [0.1, None])
def test_every_setup_steps_there(setup, factor):
    contestants = [torch_process.build(MIXED, SETUPS[setup], factor, form) for form in torch_process.FORMS]
    assert all(0 < each.step() < each.first + 60 for each in contestants)


@needs_torch
def test_a_request_that_fails_ends_the_process(capfd):
    process = torch_process.TorchProcess()
    with pytest.raises(RuntimeError, match="has ended with 1"):
        process.asked(7)
    assert "list index out of range" in capfd.readouterr().err


def test_a_table_says_whether_torch_is_in_it():
    assert ("make bench-torch" in torch_process.told()) is not bool(torch_process.FORMS)


def test_setups_that_divide_want_matrices_and_vectors():
    divided = {
        name for name, shapes in SHAPES.items() if SETUPS["adamw, and sgd for vectors"].divides(shapes)
    }
    assert divided == {"ResNet-50"}
    assert all(SETUPS["adam"].divides(shapes) for shapes in SHAPES.values())


def test_contestants_with_one_optimizer_leave_out_a_partition():
    assert set(able(CONTESTANTS, SETUPS["adamw, and sgd for vectors"])) == {"optiplug", "optax"}
    assert able(CONTESTANTS, SETUPS["adamw, vectors without decay"]) == CONTESTANTS
