"""DTensor meshes, and who says that it cannot run on one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optiplug import _distribution as distribution
from optiplug._step.pipeline import Pipeline
from optiplug._types import Variable
from optiplug.errors import ConfigError

from .groups import OptimizerNode

__all__ = ["on_mesh", "refuse_mesh"]


def on_mesh(variables: Iterable[Variable]) -> bool:
    """Return whether one of some variables is laid out over a mesh."""
    return any(distribution.mesh_of(variable) is not None for variable in variables)


def refuse_mesh(node: OptimizerNode, pipeline: Pipeline) -> None:
    """Refuse an optimizer, or a processor, that cannot run on the mesh of its variables.

    Raises
    ------
    ConfigError
        If there is one, with its name and the reason that its config gives.
    """
    for name, reason in (*_formulas(node), *pipeline.refusing_mesh()):
        raise ConfigError(
            f"cannot run on a DTensor mesh: {reason}",
            where=name,
            hint="take another one, or train without a mesh: tf.distribute splits up the data",
        )


def _formulas(node: OptimizerNode) -> Iterator[tuple[str, str]]:
    """Yield the name of each optimizer that has variables and cannot run there, with the reason."""
    for each in node:
        if each.variables and each.config.no_mesh:
            yield each.owner.prefix or each.name, each.config.no_mesh
