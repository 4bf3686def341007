"""Errors of code that takes what a step computes for a number of Python, with the name of the code."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from optiplug.errors import HookError

__all__ = ["naming_formula", "naming_hook", "refused_decision"]

_OF_THE_HOUSE = ("/optiplug/", "/tensorflow/", "/numpy/")
# What messages of Python, NumPy and TensorFlow call a tensor without a value, and a working variable.
_NAMES = ("SymbolicTensor", "symbolic tf.Tensor", "Working")
_METHODS = ("numpy", "item", "tolist", "__float__", "__int__", "__index__")  # which return the value


@contextmanager
def naming_formula(name: str) -> Iterator[None]:
    """Say in the message whose formula it is if it asks for a value.

    Raises
    ------
    HookError
        If it does.
    """
    try:
        yield
    except (AttributeError, NotImplementedError, TypeError) as error:
        if isinstance(error, HookError) or not _asks_for_value(error):
            raise
        file, line = _own_line(error)
        said = str(error).partition("\n")[0]
        raise HookError(
            f"what a step computes has no value while it is traced ({type(error).__name__}: {said})",
            where=f"{name}, {file}",
            received=line,
            hint="use operations of TensorFlow; `tf.print` shows a value at each step",
        ) from error


@contextmanager
def naming_hook(where: str) -> Iterator[None]:
    """Say in the message of every error which hook has raised it.

    Raises
    ------
    HookError
        If the hook asks for a value, or decides by it.
    """
    try:
        with naming_formula(where):
            yield
    except tf.errors.OperatorNotAllowedInGraphError as error:
        raise refused_decision(error, where) from error
    except HookError as error:
        # Working variables and steps do not know whose they are.
        if where not in str(error):
            error.args = (f"{where}: {error.args[0]}", *error.args[1:])
        raise
    except Exception as error:
        # Its type, by which a caller may catch it, stays.
        error.add_note(f"Raised in {where}.")
        raise


def _asks_for_value(error: Exception) -> bool:
    said = str(error)
    if isinstance(error, AttributeError):
        return any(f"'{name}'" in said for name in _METHODS)
    return any(name in said for name in _NAMES) and "unsupported operand" not in said


def refused_decision(error: Exception, name: str = "") -> HookError:
    """Return the error of code that decides by a tensor."""
    file, line = _own_line(error)
    return HookError(
        "Python cannot decide by a tensor while a step is traced",
        where=f"{name}, {file}" if name else file,
        received=line,
        hint="use `tf.where` or `tf.cond`, and `tf.while_loop` or `tf.map_fn` for loops",
    )


def _own_line(error: Exception) -> tuple[str, str | None]:
    """Return the place, and the text, of the last line of an error that is not ours or TensorFlow's."""
    lines = traceback.extract_tb(error.__traceback__)
    own = [line for line in lines if not any(each in line.filename for each in _OF_THE_HOUSE)]
    line = own[-1] if own else lines[-1]
    return f"{line.filename}:{line.lineno}", line.line
