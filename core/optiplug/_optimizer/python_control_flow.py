"""Python's `if`, `while` and `for` on tensors, in classes written for Keras and in plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tensorflow as tf

from optiplug._step.traced_values import refused_decision
from optiplug._tf_private import is_out_of_scope
from optiplug._variables.branches import Scratches, StepMustBeTraced
from optiplug.errors import HookError

from .groups import OptimizerNode

__all__ = ["traced"]

Result = TypeVar("Result")


def traced(
    run: Callable[[], Result], node: OptimizerNode, scratches: Scratches, forget: Callable[[], None]
) -> Result:
    """Return what `run` does with a step; its formula is converted and traced again if that is needed.

    Keras traces `update_step` with AutoGraph. It costs many times a trace, and so it is used where a class
    without a Config of its own decides by a tensor in Python. `forget` forgets what was traced.

    Raises
    ------
    HookError
        If anything else decides by a tensor in Python, or uses a tensor of another trace.
    """
    while True:
        # Nothing is written before a step is complete, so it can be tried again.
        try:
            return run()
        except StepMustBeTraced:
            if scratches.in_functions:
                raise
            scratches.in_functions = True
        except tf.errors.OperatorNotAllowedInGraphError as error:
            plain = [each for each in node if not each.converts and each.written_for_keras]
            if not plain:
                raise refused_decision(error) from error
            for each in plain:
                each.converts = True
            forget()
        except (TypeError, ValueError) as error:
            if not is_out_of_scope(error):
                raise
            raise HookError(
                "a tensor of another trace is used in a step",
                received=str(error).partition(" is out of scope")[0],
                hint="keep nothing of a step in an attribute, and leave `@tf.function` out of what it calls",
            ) from error
