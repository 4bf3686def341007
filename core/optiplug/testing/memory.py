"""Checks of what a compiled step does to memory: no copies, and no more passes than it needs."""

from __future__ import annotations

import math
import re
from collections import deque

from optiplug._config.base import NamedConfig
from optiplug._config.kinds import OptimizerConfig, ProcessorConfig

from .check import NotApplicable, check, require
from .streams import Stream, counted
from .subjects import alone
from .training import Training

# As large as layers are, and two of one shape: XLA decides by both what it copies.
_SIDE = 512
_LARGE = {"encoder/kernel": (_SIDE, _SIDE), "decoder/kernel": (_SIDE, _SIDE)}
_BYTES = 4 * _SIDE**2  # of one of them
_LEAST = _BYTES / 8  # that count as a pass: a boolean for each element does, the sum of a row does not

_programs: deque[tuple[NamedConfig, str]] = deque(maxlen=1)  # compiling one takes most of the time of a check


@check("optimizers", "processors")
def copies_no_variable(config: OptimizerConfig | ProcessorConfig) -> None:
    """The compiled step copies no variable and no state of its size, or `copies` says why it has to.

    XLA copies a buffer whose old value is read after the new one is known, or by two formulas that are
    in no order. Assign each state once, and let later formulas read what was assigned.
    """
    copies = _copies(_program(config))
    require(bool(copies) >= bool(config.copies), "`copies` must be empty: it copies nothing")
    require(config.copies or not copies, "no variable must be copied", received=copies)


@check("optimizers", "processors")
def passes_are_explained(config: OptimizerConfig | ProcessorConfig) -> None:
    """The compiled step passes over memory no more often than it must, or `passes` says why.

    It must read each gradient, and read and write each variable and state; XLA makes a loop for each
    of them that is written, which may read what another of these loops reads or has written. What is more
    are sums over values that a loop would have to read anyway, and values that are written to memory
    because two loops want them.
    """
    extra = [each for each in counted(_program(config)).extra if each.bytes >= _LEAST]
    made, explained = _passes(extra), sum(config.passes.values())
    hint = "let later formulas read what was assigned, or say in `passes` what takes how many"
    rule = f"every pass must be explained, and {made:g} are, of which `passes` explains {explained:g}"
    require(made <= explained, rule, received=list(map(str, extra)), hint=hint)
    rule = f"`passes` must be true: it explains {explained:g}, and there are {made:g}"
    require(made >= explained, rule, received=dict(config.passes))


def _program(config: OptimizerConfig | ProcessorConfig) -> str:
    """Return the compiled step of large variables."""
    for known, program in _programs:
        if known == config:
            return program
    subject = alone(config) if isinstance(config, OptimizerConfig) else config
    training = Training(subject, shapes=_LARGE, pack_small_variables=False)
    training.build()
    if not training.optimizer.config.jit_compile:
        raise NotApplicable("jit_compile is off")
    _programs.append((config, training.optimizer.compiled_program()))
    return _programs[-1][1]


def _copies(program: str) -> list[str]:
    """Return the lines of a compiled program that copy as many elements as a large variable has."""
    found = re.finditer(r"\[([\d,]+)\]\S* copy\(.*", program)
    return [each[0] for each in found if math.prod(map(int, each[1].split(","))) >= _SIDE**2]


def _passes(streams: list[Stream]) -> float:
    """Return how often all variables could be read in their place, to a quarter."""
    return round(4 * sum(each.bytes for each in streams) / (_BYTES * len(_LARGE))) / 4
