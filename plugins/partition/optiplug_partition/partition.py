"""A different optimizer for each group of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from optiplug import ConfigError, Optimizer, OptimizerConfig, Tensor, Variable, Working

from .config import Group, PartitionConfig

__all__ = ["Partition"]


class Partition(Optimizer):
    """A different optimizer for each group of variables, in one step; the state is theirs.

    A variable belongs to the first of `groups` whose `only`, `skip` and `min_ndim` select it; a group
    without any takes what is left. The optimizer of a group has

    - its own state, named ``GROUP/SLOT/PATH``, and its own rate, ``GROUP/learning_rate``:
      ``optimizer.nested["GROUP"].learning_rate`` reads and assigns it, and the `learning_rate` of the
      partition that of all groups, as long as they have the same;
    - its own keywords and processors, which see the variables of the group only: `clipnorm`,
      `weight_decay`, `use_ema`, `learning_rate_scale` and so on.

    Keywords and processors of the partition itself see all variables, before those of the groups:
    ``global_clipnorm`` bounds the norm of all gradients together. What decides about the whole step
    is the partition's alone: `jit_compile`, `sparse`, gates such as `accumulate`.

    Raises
    ------
    ConfigError
        If groups share a name, if `weight_decay` is given to the partition and not to the groups, and
        when it is built: if a pattern matches no variable, a group that selects variables gets none, or a
        variable belongs to no group.

    Examples
    --------
    >>> import tensorflow as tf
    >>> table, bias = tf.Variable([1.0], name="table"), tf.Variable([1.0], name="bias")
    >>> optimizer = Partition(
    ...     groups=[
    ...         {"name": "tables", "only": ["*table"], "optimizer": {"use": "sgd", "learning_rate": 0.5}},
    ...         {"name": "rest", "optimizer": {"use": "sgd", "learning_rate": 0.25}},
    ...     ]
    ... )
    >>> _ = optimizer.apply_gradients([(tf.constant([1.0]), table), (tf.constant([1.0]), bias)])
    >>> table.numpy().tolist(), bias.numpy().tolist()
    ([0.5], [0.75])
    >>> sorted(optimizer.nested)
    ['rest', 'tables']
    """

    Config = PartitionConfig

    def groups(self, variables: Sequence[Variable]) -> dict[str, tuple[OptimizerConfig, Sequence[Variable]]]:
        """Return the variables of each group."""
        left = list(variables)
        groups: dict[str, tuple[OptimizerConfig, Sequence[Any]]] = {}
        for group in self.config.groups if variables else ():
            # By id: `==` compares the elements of variables.
            selected = set(map(id, self.select(group, variables, f"group {group.name!r}")))
            chosen = [variable for variable in left if id(variable) in selected]
            left = [variable for variable in left if id(variable) not in selected]
            # What selects nothing in particular takes what is left, and optional patterns may match nothing.
            if selected and (group.only or group.skip or group.min_ndim):
                self._require_some(group, chosen, variables)
            groups[group.name] = group.optimizer, chosen
        if left:
            raise ConfigError(
                "every variable must belong to a group",
                where=f"{self.name}.groups",
                received=list(map(self.path, left)),
                hint="end the list with a group that selects nothing in particular: it takes the rest",
            )
        return groups

    def _require_some(self, group: Group, chosen: Sequence[Variable], variables: Sequence[Variable]) -> None:
        """Refuse a group that selects variables, and gets none since earlier ones have them all."""
        if not chosen:
            raise ConfigError(
                "the groups before it have all variables that it selects",
                where=f"group {group.name!r}",
                received=list(map(self.path, variables)),
                hint="list it earlier, or leave it out; only a group that takes what is left may be empty",
            )

    def update_step(self, gradient: Tensor, variable: Working) -> NoReturn:
        """Never called: every variable belongs to a group."""
        raise NotImplementedError
