"""Evaluation with averaged variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optiplug.errors import BuildError

from .parts import OptimizerParts

__all__ = ["averages_in_place"]


@contextmanager
def averages_in_place(parts: OptimizerParts) -> Iterator[None]:
    """Let the variables have their final values inside a ``with`` block, and their own after it.

    Raises
    ------
    BuildError
        If no processor keeps averages, if there is no state yet, or inside such a block.
    """
    _require_averages(parts)
    variables = list(parts.built.values())
    held = [variable.read_value() for variable in variables]
    parts.averages_in_place = True
    try:
        # State must be what it was when training goes on: docs/design/nesting.md.
        parts.finalize(variables, with_state=False)
        yield
    finally:
        for variable, value in zip(variables, held, strict=True):
            variable.assign(value)
        parts.averages_in_place = False


def _require_averages(parts: OptimizerParts) -> None:
    where = f"{parts.name}.averaged_weights"
    if parts.averages_in_place:
        raise BuildError("the averages are in place already", where=where)
    # Without averages the block would evaluate the trained weights, and nobody would notice.
    if not parts.pipeline.stages("end"):
        raise BuildError(
            "no processor keeps averages: none takes part in the stage `finalize`",
            where=where,
            hint="create the optimizer with `use_ema=True`, or with `{'use': 'ema'}` in `processors`",
        )
    if not parts.built:
        raise BuildError("there are no averages before `build`", where=where)
