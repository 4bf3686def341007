"""Gradients of every finite size and variables of every dtype, against the oracles over 200 steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from optiplug.testing.training import apply_as_scaled
from references.case import Case
from references.sgd import SGD
from references.training import Array, train
from support.oracle_runs import MOMENTUM, RATE, cases, created, kind_of
from support.trajectories import variables_of

STEPS = 200
SHAPES = ((), (0, 3), (1,), (2, 1, 3, 1, 2), (4, 3))
LARGEST = {"float16": 6e4, "bfloat16": 3e38, "float32": 3e38, "float64": 3e38}
# Half of the distance between 1 and the next number.
UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
OPERATIONS = 64  # on an element in one step, at most
SIZES = {
    "1e-30": (1e-30,),
    "1e-20": (1e-20,),
    "1e20": (1e20,),
    "3e38": (3e38,),
    "spike": (0.5, 0.25, 1e20, *(0.125,) * (STEPS - 3)),
    "alternating": (3e38, -3e38),
}
# The estimate of a distance grows without end where no gradient ever turns back, and a basis of equal
# eigenvalues is any.
RUN_AWAY = {"dadapt_adam", "prodigy", "soap"}
FEW_STEPS = {"add_noise"}  # its oracle holds the numbers of 50 steps
FIRST = {case.use: case for case in reversed(cases())}


def patterns(dtype: str) -> Iterator[tuple[str, list[float]]]:
    """Return the sizes of 200 gradients by name: all of them in float32, in other dtypes a spike."""
    for name, sizes in SIZES.items():
        if dtype == "float32" or name == "spike":
            repeated = (sizes * STEPS)[:STEPS]
            yield name, [float(np.clip(size, -LARGEST[dtype], LARGEST[dtype])) for size in repeated]


def bound(dtype: str, right: list[list[Array]]) -> float:
    """Return what rounding may add up to: of each stored value, and of each operation before it."""
    computed = UNIT["float64" if dtype == "float64" else "float32"]
    largest = max(np.max(np.abs(value), initial=1.0) for values in right for value in values)
    return STEPS * (UNIT[dtype] + OPERATIONS * computed) * float(largest)


@pytest.mark.sampled(97)
@pytest.mark.parametrize("dtype", UNIT)
@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_any_finite_gradients(case, dtype):
    optimizer = created(case).config.model_copy(update={"jit_compile": False}).create()
    run = Run(optimizer, case, dtype)
    holds = "same_at_every_size_of_gradients" not in exemptions(case)
    # The oracles of processors have differences of values for updates.
    smallest = 0.0 if kind_of(case.use) == "optimizers" else 1e-10
    for name, sizes in patterns(dtype):
        right = run.oracle(sizes) if case.use not in FEW_STEPS else [[]]
        if not all(np.all(np.abs(value) <= np.finfo(np.float32).max) for step in right for value in step):
            continue  # nothing that float32 can hold
        ended = run.end(sizes)
        assert not any(np.isnan(value).any() for value in ended), name
        if (
            holds
            and right[-1]
            and abs(sizes[0]) > smallest
            and not (case.use in RUN_AWAY and abs(sizes[0]) > 1)
        ):
            for mine, other in zip(ended, right[-1], strict=True):
                error = np.max(np.abs(mine - other), initial=0.0)
                assert error <= bound(dtype, right), name


def exemptions(case: Case) -> dict[str, str]:
    """Return what a plugin says that it cannot promise."""
    optimizer = created(case)
    (config,) = optimizer.config.processors or (optimizer.config,)
    return dict(getattr(config, "config", config).exemptions)


class Run:
    """An optimizer and its variables, which take 200 steps in one call of a graph."""

    def __init__(self, optimizer, case, dtype):
        random = np.random.default_rng(5)
        # The oracles of processors and of groups know the usual four variables.
        free = kind_of(case.use) == "optimizers" and case.use != "partition" and case.shapes == Case.shapes
        shapes = SHAPES if free else case.shapes
        drawn = [random.normal(size=shape) for shape in shapes]
        self.case, self.optimizer = case, optimizer
        self.variables = variables_of(drawn, dtype)
        self.starts = [np.asarray(each.numpy(), np.float64) for each in self.variables]
        self.signs = [np.sign(random.normal(size=shape)) for shape in shapes]
        optimizer.build(self.variables)
        self.state = [each.numpy() for each in optimizer.variables]
        self.steps = tf.function(self._steps, autograph=False)

    def _steps(self, sizes):
        def step(index):
            pairs = [
                (tf.cast(sign, variable.dtype) * tf.cast(sizes[index], variable.dtype), variable)
                for sign, variable in zip(self.signs, self.variables, strict=True)
            ]
            apply_as_scaled(self.optimizer, pairs)
            return index + 1

        tf.while_loop(lambda index: index < STEPS, step, [0])

    def end(self, sizes):
        """Return the variables after all steps from the start."""
        for variable, start in zip(self.variables, self.starts, strict=True):
            variable.assign(tf.cast(start, variable.dtype))
        self.optimizer.set_weights(self.state)
        self.steps(tf.constant(sizes, tf.float64))
        return [np.asarray(each.numpy(), np.float64) for each in self.variables]

    def oracle(self, sizes):
        """Return the trajectory of the oracle."""
        rounded = [np.float64(tf.constant(size, self.variables[0].dtype).numpy()) for size in sizes]
        gradients = [[np.asarray(sign * size) for sign in self.signs] for size in rounded]
        own = self.case.create_oracle()
        if kind_of(self.case.use) == "optimizers":
            return train(own, [], self.starts, gradients)
        return train(SGD(RATE, MOMENTUM), [own], self.starts, gradients)
