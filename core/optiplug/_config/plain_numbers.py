"""Numbers in the forms that NumPy and TensorFlow give them. Neither is imported here."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["Followed", "is_variable", "plain"]


def plain(value: Any) -> Any:
    """Return what NumPy or TensorFlow hold as a number or list of Python; anything else as it is.

    A `tf.Variable` is left alone, since its value changes, and so is a tensor that has none yet.

    >>> import numpy as np
    >>> plain(np.int64(3)), plain(np.array(0.5)), plain(np.array([1.0, 2.0])), plain("text")
    (3, 0.5, [1.0, 2.0], 'text')
    """
    if _is_a(value, "numpy", "generic") or _is_a(value, "numpy", "ndarray"):
        return value.tolist()
    if _is_a(value, "tensorflow", "Tensor") and not is_variable(value) and _has_value(value):
        return plain(value.numpy())
    return value


def is_variable(value: object) -> bool:
    """Whether this is a variable of TensorFlow or of Keras, whose value steps read."""
    return _is_a(value, "tensorflow", "Variable") or _is_a(value, "keras", "Variable")


class Followed:
    """A variable in the place of a number, as a function that returns it: every step reads it.

    A formula may compare a hyperparameter with a number, which a variable answers with a tensor.
    """

    def __init__(self, variable: Any) -> None:
        self.variable = variable

    def __call__(self) -> Any:
        return self.variable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Followed) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)

    def __repr__(self) -> str:
        return repr(self.variable)

    @property
    def now(self) -> Any:
        """The present value as a number of Python."""
        return plain(self.variable.numpy())


def _is_a(value: object, module: str, name: str) -> bool:
    # What was not imported made no objects; while it is being imported it may lack the name.
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _has_value(tensor: Any) -> bool:
    # A tensor of a function that is being traced has the attribute, too, and raises.
    try:
        tensor.numpy()
    except (AttributeError, NotImplementedError):
        return False
    return True
