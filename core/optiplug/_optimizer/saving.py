"""State in and out of an optimizer, by name: checked as a whole before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optiplug._config.base import NamedConfig, config_of
from optiplug._state.manifest import Manifest, Spec, require_same, spec, version_key
from optiplug._state.stateful import Stateful
from optiplug._state.table import SlotTable
from optiplug._step.pipeline import Pipeline
from optiplug._variables.model_variables import Parameters
from optiplug.errors import StateError

from .dry_build import Rehearsal

__all__ = ["Saving"]

_BUILD = "build the optimizer with the model's variables first"
_SAME = "create it with the config it was saved with, or change the values of `optiplug.read_state` by name"


class Saving(Rehearsal):
    """Mixin of `Optimizer`: what it saves, and what it refuses to load."""

    manifest: Manifest
    branch: Any
    _pipeline: Pipeline

    @property
    def parameters(self) -> Parameters:
        """The model variables that this optimizer knows, in their order, each with its path."""
        return self._parameters

    @property
    def owners(self) -> dict[str, type[NamedConfig]]:
        """The configs of all that keeps state here, by the prefix of its names: "" for the optimizer."""
        hooks = {
            name: config_of(hook)
            for name, hook in self._pipeline.processors.items()
            if isinstance(hook, Stateful)
        }
        return {
            **{each.owner: type(each.config) for each in self.branch},
            **{name: type(config) for name, config in hooks.items() if config is not None},
        }

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the variables of the optimizer from arrays in the order of `variables`; all, or none.

        Positions say nothing of what an array is: two of one shape that changed places go
        unnoticed. `load_own_variables` goes by name.
        """
        names = list(self.state.states)
        names += [f"weight {position}" for position in range(len(names), len(weights))]
        given = {name: np.asarray(weight) for name, weight in zip(names, weights, strict=False)}
        # Keras takes lists of Python numbers here, so dtypes are converted.
        hint = "give one array for each of `variables`, in their order"
        self._assign(given, hint=hint if self._built_variables else _BUILD, dtypes=False)

    def save_own_variables(self, store: Any) -> None:
        """Put the variables of the optimizer into a mapping, each under its name.

        The `state_version` of a plugin is put there too, under that name, unless it is 1.
        """
        for name, state in self.state.states.items():
            store[name] = state.numpy()
        for owner, config in self.owners.items():
            if config.state_version != 1:
                store[version_key(owner)] = np.int64(config.state_version)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the variables of the optimizer from such a mapping, by name; all, or none.

        Raises
        ------
        StateError
            If anything is missing, unknown, or of another shape or dtype; if it was saved by a
            newer version of a plugin, or by an older one whose state this one cannot read.
        """
        values = {name: np.asarray(store[name]) for name in store}
        hint = _SAME if self._built_variables else _BUILD
        if values and all(name.isdigit() for name in values):
            hint = "load the numbered state of a Keras optimizer there, then use `optiplug.convert`"
        self._assign(self._migrated(values), hint=hint)

    def _assign(self, values: Mapping[str, Any], *, hint: str, dtypes: bool = True) -> None:
        saved = {name: spec(value) for name, value in values.items()}
        require_same(saved, self._specs(), where=self.name, hint=hint, dtypes=dtypes)
        for name, value in values.items():
            state = self.state.states[name]
            state.assign(value.astype(state.dtype.as_numpy_dtype))

    def _specs(self) -> dict[str, Spec]:
        return {name: spec(state.variable) for name, state in self.state.states.items()}

    def _migrated(self, values: dict[str, Any]) -> dict[str, Any]:
        """Take the versions out of saved values, and bring older values up to date."""
        owners = self.owners
        for owner, config in owners.items():
            version = int(values.pop(version_key(owner), 1))
            self._refuse_newer(owner, config, version)
            if version < config.state_version:
                prefix = f"{owner}/" if owner else ""
                others = tuple(f"{each}/" for each in owners if each != owner and each.startswith(owner))
                own = [name for name in values if name.startswith(prefix) and not name.startswith(others)]
                old = {name.removeprefix(prefix): values.pop(name) for name in own}
                new = config.migrate_state(version, old)
                values |= {f"{prefix}{name}": np.asarray(value) for name, value in new.items()}
        return values

    def _refuse_newer(self, owner: str, config: type[NamedConfig], version: int) -> None:
        if version > config.state_version:
            raise StateError(
                f"the state is of version {version}, newer than version {config.state_version} of "
                f"{config.__name__}; nothing was changed",
                where=f"{self.name}: {owner}" if owner else self.name,
                hint="update the plugin",
            )

    def _described(self) -> dict[str, Any]:
        """Return what a checkpoint tells of the state in it."""
        versions = {owner: config.state_version for owner, config in self.owners.items()}
        return {"versions": versions, "state": self._specs(), "packs": self.state.packs}

    def _check_restored(self, saved: Mapping[str, Any]) -> None:
        """Check what is about to be restored, or what was before `build`."""
        for owner, config in self.owners.items():
            version = saved["versions"].get(owner, config.state_version)
            self._refuse_newer(owner, config, version)
            if version < config.state_version:
                raise StateError(
                    f"the state is of version {version}, older than version {config.state_version} of "
                    f"{config.__name__}; nothing was changed",
                    where=f"{self.name}: {owner}" if owner else self.name,
                    hint="`load_own_variables(optiplug.read_state(checkpoint))` converts it",
                )
        if self._built_variables:
            self._require_restorable(saved, self.state)
        else:
            self.manifest.awaited = saved

    def _check_awaited(self, variables: Sequence[Any]) -> None:
        """Check what a checkpoint holds for an optimizer that is about to be built."""
        if self.manifest.awaited is not None:
            self._require_restorable(self.manifest.awaited, self._rehearsed(variables).state)
            self.manifest.awaited = None

    def _require_restorable(self, saved: Mapping[str, Any], table: SlotTable) -> None:
        known = {name: (dtype, tuple(shape)) for name, (dtype, shape) in saved["state"].items()}
        expected = {name: spec(state.variable) for name, state in table.states.items()}
        # A variable that appears late gets its saved state then.
        late = dict.fromkeys(slot for slot, _ in table.homes.values())
        require_same(known, expected, where=self.name, hint=_SAME, late=late)
