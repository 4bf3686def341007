"""One hook of a pipeline, with its name, its config and its variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from optiplug import registry
from optiplug._config.kinds import ProcessorConfig
from optiplug._config.promises import is_elementwise, takes_complex
from optiplug._config.variable_selection import selected_paths
from optiplug._hookspecs import STAGES_OF_SHARES, hook_names
from optiplug._state.stateful import Stateful
from optiplug._types import Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug.errors import UnknownPluginError

__all__ = ["Hook"]


# Compared by identity: `==` of fields would compare variables element by element.
@dataclass(frozen=True, eq=False)
class Hook:
    """A processor, or an optimizer with stages of its own (`formula`), under its name in a pipeline.

    `among` are the variables of the optimizer that it belongs to, None: all that there are. `excludes` says
    whether weight decay leaves alone a variable with its path.
    """

    name: str
    plugin: Any
    config: ProcessorConfig | None
    among: Sequence[Variable] | None
    idle: bool = False
    formula: bool = False
    excludes: Callable[[Variable, str], bool] = lambda variable, path: False  # noqa: ARG005

    @classmethod
    def of_processor(
        cls,
        processor: object,
        taken: Iterable[str],
        *,
        owner: str = "",
        among: Sequence[Variable] | None = None,
        excludes: Callable[[Variable, str], bool] = lambda variable, path: False,  # noqa: ARG005
    ) -> Hook:
        """Return the hook of a processor, or of a config of one, under a name that is not taken."""
        plugin = processor.create() if isinstance(processor, ProcessorConfig) else processor
        own = _own_name(plugin)
        name = _unique(f"{owner}/{own}" if owner else own, taken)
        idle = bool(getattr(plugin, "idle", False))
        return cls(name, plugin, _config(plugin), among, idle=idle, excludes=excludes)

    @classmethod
    def of_formula(cls, name: str, optimizer: object, among: Sequence[Variable] | None) -> Hook | None:
        """Return the hook of an optimizer that takes part in stages itself, None if it does not."""
        return cls(name, optimizer, None, among, formula=True) if hook_names(optimizer) else None

    @property
    def methods(self) -> Any:
        """What pluggy registers: of an optimizer the stages alone, as pluggy reads every property."""
        if not self.formula:
            return self.plugin
        # Reading a property may create state, as `learning_rate` does.
        return SimpleNamespace(**{name: getattr(self.plugin, name) for name in hook_names(self.plugin)})

    @property
    def stateful(self) -> Stateful | None:
        """The processor, if it keeps state; that of an optimizer is not a matter of hooks."""
        return self.plugin if isinstance(self.plugin, Stateful) else None

    @property
    def accumulates(self) -> bool:
        """Whether its gate holds gradients back, so that those of earlier calls may be due in any call."""
        return bool(getattr(self.plugin, "accumulates", False))

    @property
    def before_sum(self) -> bool:
        """Whether its gate takes the gradients of one replica, before they are summed over replicas."""
        return bool(getattr(self.plugin, "before_sum", False))

    @property
    def decays(self) -> bool:
        """Whether it is a weight decay, which leaves excluded variables alone."""
        said = self.config is not None and self.config.decays
        return not self.formula and (said or "decay" in hook_names(self.plugin))

    @property
    def elementwise(self) -> bool:
        """Whether it treats every element alike."""
        return is_elementwise(type(self.plugin))

    @property
    def sees_whole(self) -> bool:
        """Whether it takes part before the stage `share` only, so that its state is of whole variables."""
        return STAGES_OF_SHARES.isdisjoint(hook_names(self.plugin))

    @property
    def needs_whole(self) -> bool:
        """Whether a share of a variable is not enough for it."""
        if self.sees_whole:
            return False
        both = self.stateful is not None and not STAGES_OF_SHARES.issuperset(hook_names(self.plugin))
        reduces = self.config is not None and self.config.reduces
        return both or reduces or not self.elementwise

    @property
    def refuses_complex(self) -> bool:
        """Whether its config says that it is for real variables only."""
        return takes_complex(type(self.plugin)) is False

    @property
    def no_mesh(self) -> str:
        """The reason that its config gives if it cannot run on a mesh."""
        return "" if self.config is None else self.config.no_mesh

    @property
    def needs_all_rows(self) -> bool:
        """Whether its config says that it cannot work with some of the rows of a table."""
        if self.config is None:
            return False
        # A hook that is not elementwise may still be right for rows, and says so; None means: as elementwise.
        takes_rows = self.config.takes_rows
        return not (self.config.elementwise if takes_rows is None else takes_rows)

    def chosen(self, variables: ModelVariables) -> frozenset[int]:
        """Return the ids of the variables that it applies to.

        Raises
        ------
        ConfigError
            If a pattern in its config matches none.
        """
        among = list(variables if self.among is None else self.among)
        if self.config is not None:
            # Ranks by path: choosing variables is code without TensorFlow.
            ranks = {variables.path(variable): variable.shape.rank or 0 for variable in among}
            every = map(variables.path, variables)
            paths = set(selected_paths(self.config, ranks, self.name, every))
            among = [variable for variable in among if variables.path(variable) in paths]
        if self.decays:
            among = [each for each in among if not self.excludes(each, variables.path(each))]
        # Ids, since a tf.Variable is not hashable.
        return frozenset(map(id, among))


def _config(plugin: object) -> ProcessorConfig | None:
    config = getattr(plugin, "config", None)
    return config if isinstance(config, ProcessorConfig) else None


def _own_name(plugin: object) -> str:
    """Return the name in its config, else the one in the registry, else that of its class in snake case."""
    config = _config(plugin)
    if config is not None:
        if config.name:
            return config.name
        with suppress(UnknownPluginError):
            return registry.reference_of(type(config)).partition("@")[0]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(plugin).__name__).lower()


def _unique(name: str, taken: Iterable[str]) -> str:
    number, unique, names = 1, name, set(taken)
    while unique in names:
        number += 1
        unique = f"{name}_{number}"
    return unique
