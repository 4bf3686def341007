"""The check of complex variables, which no formula for real ones may train."""

from __future__ import annotations

import numpy as np

from optiplug._config.kinds import OptimizerConfig, ProcessorConfig
from optiplug._types import Array
from optiplug.errors import GradientsError

from .check import check, require
from .subjects import alone
from .training import Training, Values, compare, gradients

_SHAPE = (5, 2)
# The dtypes of the copies of one variable, which train side by side.
_COPIES = {"plain": "complex64", "turned": "complex64", "whole": "complex64", "real": "float32"}
_TOLERANCE = 1e-6


@check("optimizers", "processors")
def complex_variables_right_or_refused(config: OptimizerConfig | ProcessorConfig) -> None:
    """Complex variables are refused by `build`, or trained right: turned by i, they stay turned by i.

    One whose numbers are real goes the way of a real variable. Squares are those of magnitudes then:
    ``g * g`` turns by -1.
    """
    training = _training(alone(config) if isinstance(config, OptimizerConfig) else config)
    try:
        training.build()
    except GradientsError as refusal:
        named = any(name in str(refusal) for name in _COPIES)
        require(named, "a refusal must name the variable", received=str(refusal))
        return
    training.run(of=_numbers)
    ended = training.model_values()
    compare(_parts(ended["turned"]), _parts(1j * ended["plain"]), "turned by i", _TOLERANCE)
    compare(_parts(ended["whole"]), _parts(ended["real"]), "real numbers in a complex variable", _TOLERANCE)


def _training(config: OptimizerConfig | ProcessorConfig) -> Training:
    """Return a training of all copies in one step, which is traced once."""
    shapes = dict.fromkeys(_COPIES, _SHAPE)
    training = Training(config, shapes=shapes, dtypes=_COPIES, jit_compile=False)
    for name, start in _numbers(-1).items():
        training.variables[name].assign(start)
    return training


def _numbers(step: int) -> Values:
    """Return a gradient for each copy; where they start for step -1."""
    drawn = gradients(step + 1, {"real": _SHAPE, "imaginary": _SHAPE})
    number = drawn["real"] + 1j * drawn["imaginary"]
    numbers = {"plain": number, "turned": 1j * number, "whole": drawn["real"], "real": drawn["real"]}
    return {name: numbers[name].astype(dtype) for name, dtype in _COPIES.items()}


def _parts(value: Array) -> Values:
    return {"real part": np.real(value), "imaginary part": np.imag(value)}
