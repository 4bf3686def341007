"""Complex variables, and who would train them by a formula that is for real ones."""

from __future__ import annotations

from collections.abc import Iterable

from optiplug._config.promises import takes_complex
from optiplug._step.pipeline import Pipeline
from optiplug._types import Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug.errors import GradientsError

from .groups import OptimizerNode

__all__ = ["any_complex", "refuse_complex"]


def any_complex(variables: Iterable[Variable]) -> bool:
    """Return whether one of some variables is complex."""
    return any(variable.dtype.is_complex for variable in variables)


def refuse_complex(node: OptimizerNode, pipeline: Pipeline, variables: ModelVariables) -> None:
    """Refuse complex variables of an optimizer, or of a processor, that is for real ones.

    Raises
    ------
    GradientsError
        If there is one, with its path.
    """
    for variable in variables:
        if not variable.dtype.is_complex:
            continue
        received = f"{variables.path(variable)}, {variable.dtype.name}"
        leaf = node.leaf(variable)
        # At build, not in a trace: g * g has no error there, and TensorFlow's own name no variable.
        if takes_complex(type(leaf.optimizer)) is False:
            raise GradientsError(
                "only real variables can be trained by it",
                where=leaf.owner.prefix or leaf.name,
                received=received,
                hint="take an optimizer whose Config says `complex_variables = True`, or train real and "
                "imaginary parts as variables of their own",
            )
        for name in pipeline.refusing_complex(variable):
            raise GradientsError(
                "only real variables can be given to it",
                where=name,
                received=received,
                hint="leave the variable out with `only` or `skip`, or take a processor whose Config says "
                "`complex_variables = True`",
            )
