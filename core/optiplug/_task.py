"""What a training run asks of a task: a model, its data and its loss, seen from outside.

The protocol is structural: a task needs no base class and no import of the program that
trains it. Its config names it under the entry point group ``optiplug.tasks``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ._types import Tensor, Variable

__all__ = ["Task"]


@runtime_checkable
class Task(Protocol):
    """A model with its data, made by the `create` of a TaskConfig.

    Life of a task: `create` loads the data; `build` makes the variables, inside the scope of
    the distribution strategy; `batch` and `loss` are traced into the step; `evaluate` is
    called between steps. A continued run builds the task again, restores `variables` and
    goes on at the next step, so nothing else may hold state.

    A task may also have `state`: variables that are not trained and change from step to step all the
    same, such as the averages of a batch normalization. They are made by `build`, each with a unique
    name, assigned by `loss`, and saved and restored with the others.

    It may have `data`, a mapping of names to arrays, texts or numbers that tells what its data
    are: a run is continued with the same only. Of one without, the first batch stands for all.

    >>> import numpy as np
    >>> from optiplug import Task
    >>> class Mean:
    ...     def build(self, seed):
    ...         self.variables = [np.zeros(())]
    ...     def batch(self, step, batch_size, seed):
    ...         return (np.ones(batch_size),)
    ...     def loss(self, examples):
    ...         return np.mean((examples - self.variables[0]) ** 2)
    ...     def evaluate(self):
    ...         return {"error": float(abs(1 - self.variables[0]))}
    >>> task = Mean()
    >>> task.build(seed=0)
    >>> isinstance(task, Task)
    True
    """

    @property
    def variables(self) -> Sequence[Variable]:
        """The trainable variables, each with a unique name, always in the same order."""
        ...

    def build(self, seed: int) -> None:
        """Create the variables; equal seeds give equal initial values."""
        ...

    def batch(self, step: Tensor, batch_size: int, seed: int) -> tuple[Tensor, ...]:
        """Return the tensors of one global batch, `batch_size` examples along their first axis.

        A pure function of its arguments (`step` is a scalar int64 tensor), so a run that is
        continued sees the data that the uninterrupted run would have seen.
        """
        ...

    def loss(self, *batch: Tensor) -> Tensor:
        """Return the scalar mean loss over the examples of one batch, or of a replica's share of it."""
        ...

    def evaluate(self) -> Mapping[str, float]:
        """Return figures on held-out data, the most telling first: ``{"accuracy": 0.98, "loss": 0.1}``."""
        ...
