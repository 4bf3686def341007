"""Building an optimizer: meeting the variables of a model and creating the state for them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._config.promises import is_elementwise, is_stackable
from optiplug._state.dry_run import dry_running
from optiplug._tf_private import outside_function
from optiplug._types import Variable
from optiplug._variables.model_variables import unwrapped
from optiplug._variables.packing import Alike
from optiplug.errors import ConfigError

from .complex_variables import any_complex
from .dry_build import dry_built
from .meshes import on_mesh
from .parts import OptimizerParts
from .sharded_variables import any_split
from .sharding import asks_for_shares, require_shareable, share
from .worker_agreement import description

__all__ = ["build", "build_for"]


# A loss may be converted by AutoGraph, and this may be called beside it.
@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
def build_for(parts: OptimizerParts, variables: Sequence[Variable]) -> None:
    """Build an optimizer for the variables that it does not know yet, if there are any."""
    # Once for all replicas. In the thread of one the first values of a checkpoint would wait for the others,
    # and these for the lock.
    if not tf.distribute.has_strategy() or parts.late(variables):
        distribution.merge(lambda: _build_late(parts, variables))
    # What state a class with a constructor of its own has is known when its `build` is through.
    parts.io.check_awaited(lambda: parts.table)


def _build_late(parts: OptimizerParts, variables: Sequence[Variable]) -> None:
    # Of threads that take the first step together one builds, and the others find it done.
    with parts.turns.lock:
        late = parts.late(variables)
        if not late:
            return
        # A class written for Keras returns early from `build` while this is set.
        parts.optimizer._built = False  # noqa: SLF001
        _warn_of_earlier_traces(parts, late)
        # A step may be traced just now; variables are created outside of its function, once.
        with outside_function():
            # Its method, where a subclass creates its slots. It gets all variables, as in Keras.
            parts.optimizer.build([*parts.variables, *late])
            # The `build` of a class written for Keras may leave out that of its base.
            build(parts, [*parts.variables, *parts.late(late)])


def _warn_of_earlier_traces(parts: OptimizerParts, late: Sequence[Variable]) -> None:
    """Say that what a function of the caller's has traced already does not know of late variables."""
    sees_all = any(not stage.passes for stage in parts.pipeline.stages("core"))
    if parts.built and sees_all and not tf.executing_eagerly():
        warnings.warn(
            f"{parts.name}: traces of a function that were made before do not know of "
            f"{[each.name for each in late]}, so processors that look at every variable pass them over in "
            "those. Hint: call `build(variables)` with all of them before the first step.",
            stacklevel=7,
        )


def build(parts: OptimizerParts, var_list: Sequence[Variable]) -> None:
    """Register variables, assign them to the nested optimizers, and create all state.

    Raises
    ------
    GradientsError
        If one of them is no variable, or is complex where a formula is for real ones.
    BuildError
        If one of them needs state and has no fixed shape.
    ConfigError
        If a pattern or an option of the config does not fit them.
    StateError
        If a checkpoint that was read before does not fit them.
    """
    # A nested optimizer: the outermost one has registered the variables, and packs them.
    if parts.owner.prefix:
        _create_state(parts, var_list)
        return
    given = parts.late(var_list)
    if not given:
        return
    # Everything is checked before anything is registered: a refused variable leaves no trace.
    late = list(map(unwrapped, given))
    _check_place(parts, late)
    _try_out(parts, given, late)
    _warn_of_place(parts, late)
    parts.variables.add_all(given)
    parts.io.meet()
    # `build` of a subclass runs again for late variables, and its unnamed state has to get the same names.
    if not parts.built:
        parts.unnamed_before_build = parts.unnamed
    parts.unnamed = parts.unnamed_before_build
    # Before the pipeline: the hooks of nested optimizers are limited to their variables.
    parts.node.divide(tuple(parts.variables))
    parts.pipeline = parts.new_pipeline()
    parts.require_exclusions()
    share(parts, late)
    # After the pipeline, since hooks decide what may be joined; before any state, which follows the packs.
    parts.packing.group(late, lambda variable: _pack_key(parts, variable))
    # Before any state: what workers that differ would create together would never come.
    if not dry_running():
        parts.agreement.on_build(parts.name, lambda: _said(parts, late), late[0])
    # The optimizer's state before that of processors: `set_weights` goes by the order of creation.
    _create_state(parts, tuple(parts.variables))
    parts.build_pipeline()


def _try_out(parts: OptimizerParts, given: Sequence[Variable], late: Sequence[Variable]) -> None:
    """Refuse what is known late in a build, as which formulas and what state a variable meets.

    It is tried where it leaves no trace. `late` are the variables that were `given`, without those of Keras.
    """
    if not parts.made_by_config:
        if asks_for_shares(parts.config):
            require_shareable(parts, late)
        return
    parts.io.check_awaited(lambda: dry_built(parts, given).table)
    if not dry_running() and (
        any_complex(late)
        or any_split(late)
        or on_mesh(late)
        or asks_for_shares(parts.config)
        or not all(each.shape.is_fully_defined() for each in late)
    ):
        require_shareable(dry_built(parts, [*parts.variables, *given]), late)


def _said(parts: OptimizerParts, late: Sequence[Variable]) -> dict[str, str]:
    """Return what a build must have in common on all workers."""
    config: object
    try:
        config = parts.optimizer.get_config()
    except Exception as error:  # noqa: BLE001  # it may be of the user's own, and what it says is enough
        config = f"{type(parts.optimizer).__name__}: {error}"
    return description(parts.config, config, parts.variables, late)


def _create_state(parts: OptimizerParts, variables: Sequence[Variable]) -> None:
    parts.owner.variables = parts.node.own
    parts.built = {id(each): each for each in variables}
    # First of all state, as in Keras: `variables` begins with the iterations and the learning rate.
    parts.create_counters()
    for node in parts.node.inside.values():
        node.optimizer.build(node.variables)


def _pack_key(parts: OptimizerParts, variable: Variable) -> Alike | None:
    """Return what is equal for variables that a step may join or stack; None for one that it may not."""
    config = parts.config
    leaf = parts.node.leaf(variable)
    may_join = parts.made_by_config and config.sparse == "exact" and not dry_running()
    wanted = config.pack_small_variables and leaf.config.pack_small_variables
    elementwise = is_elementwise(type(leaf.optimizer))
    if not (may_join and wanted and (elementwise or is_stackable(type(leaf.optimizer)))):
        return None
    # A constraint, such as a largest norm, is a function of one whole variable.
    if parts.variables.constraint(variable) is not None:
        return None
    applied = parts.pipeline.applied_elementwise(variable)
    place = distribution.place_of(variable)
    if applied is None or place is None:
        return None
    # The nested optimizer is part of the key: two formulas cannot update one vector.
    stack = None if elementwise else (tuple(variable.shape), leaf.stack_key(variable))
    return Alike(place, variable.dtype, applied, leaf.owner.prefix, stack)


def _check_place(parts: OptimizerParts, late: Sequence[Variable]) -> None:
    """Refuse variables that a step cannot have where they are."""
    distribution.require_one_mesh([*parts.variables, *late], parts.mesh)
    if parts.config.sparse == "lazy" and distribution.mesh_of(late[0]) is not None:
        rule = "variables on a mesh cannot be updated by rows"
        raise ConfigError(rule, where=f"{parts.name}.sparse", received="lazy", hint="use sparse: exact")


def _warn_of_place(parts: OptimizerParts, late: Sequence[Variable]) -> None:
    """Say once what a step does without where its variables are."""
    # Only at the first build, and not for a report: one warning is enough.
    warns = parts.config.jit_compile is True and not parts.built and not dry_running()
    place = distribution.uncompiled(late[0]) if warns else ""
    if place:
        warnings.warn(
            f"{parts.name}: the variables are {place}, where TensorFlow compiles nothing with "
            "XLA, so the step runs uncompiled. Hint: `jit_compile=False` says that you know.",
            stacklevel=4,
        )
