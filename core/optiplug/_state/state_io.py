"""State in and out of an optimizer, by name: checked as a whole before anything is changed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from optiplug._config.base import NamedConfig
from optiplug._tf_private import SavedObject
from optiplug._types import Array
from optiplug._variables.identity import Identity
from optiplug.errors import OptiplugError, StateError

from .arrays import array_of_numbers, arrays_by_name, converted, state_version
from .manifest import Description, Spec, require_same, spec, version_key, widens
from .restoration import Restoration
from .table import SlotTable

__all__ = ["Owners", "StateIO"]

Owners: TypeAlias = Mapping[str, type[NamedConfig]]
"""The configs of all that keeps state in a table, by the prefix of its names: "" for the optimizer."""

_BUILD = "build the optimizer with the model's variables first"
_SAME = "create it with the config it was saved with, or change the values of `optiplug.read_state` by name"


class StateIO:
    """Saves and loads the state of one optimizer.

    `owners` returns the owners of state, `name` the name in messages, and `built` whether state exists.
    `on_load` is called whenever state is loaded or restored.
    """

    def __init__(
        self,
        table: SlotTable,
        owners: Callable[[], Owners],
        name: Callable[[], str],
        built: Callable[[], bool],
    ) -> None:
        self._table, self._owners, self._name, self._built = table, owners, name, built
        self._restoration: Restoration | None = None
        self._awaited = False
        self.on_load: Callable[[], None] = lambda: None

    def save(self, store: MutableMapping[str, Array]) -> None:
        """Put each state variable into a mapping under its name, and state versions that are not 1."""
        for name, state in self._table.states.items():
            store[name] = state.numpy()
        for owner, config in self._owners().items():
            # Left out where it is 1, so that a mapping of the first version holds state only.
            if config.state_version != 1:
                store[version_key(owner)] = np.asarray(config.state_version, np.int64)

    def load(self, store: Mapping[str, npt.ArrayLike]) -> None:
        """Set all state variables from such a mapping, or none.

        Raises
        ------
        StateError
            If anything is no array of numbers, missing, unknown, of another shape or dtype, or of a version
            that cannot be read.
        """
        values = arrays_by_name(store, self._name())
        hint = _SAME if self._built() else _BUILD
        # Keras numbers the state that it saves, so nothing tells which array is which.
        if values and all(name.isdigit() for name in values):
            hint = "load the numbered state of a Keras optimizer there, then use `optiplug.convert`"
        self._assign(self._migrated(values), hint=hint)

    def load_in_order(self, weights: Sequence[npt.ArrayLike]) -> None:
        """Set all state variables from arrays in the order of the table, or none.

        Raises
        ------
        StateError
            If there are more or fewer, or one has another shape or another kind of numbers.
        """
        if not isinstance(weights, Iterable):
            raise StateError("must be a list of arrays", where=self._name(), received=weights)
        names, weights = list(self._table.states), list(weights)
        # Arrays in excess get names, too, so that the table of differences shows them.
        names += [f"weight {position}" for position in range(len(names), len(weights))]
        given = {
            name: array_of_numbers(weight, f"{self._name()}: {name}")
            for name, weight in zip(names, weights, strict=False)
        }
        hint = "give one array for each of `variables`, in their order"
        # Keras takes lists of Python numbers here, so dtypes are converted.
        self._assign(given, hint=hint if self._built() else _BUILD, dtypes=False)

    def describe(self) -> Description:
        """Return the description of the state that a checkpoint holds."""
        known = self._table.model_variables
        # Nothing has a value in a graph of TensorFlow 1.
        wholes = enumerate(known.wholes) if tf.executing_eagerly() else ()
        identities = [Identity.of(each.read(), each.path, place) for place, each in wholes]
        return {
            "versions": {owner: config.state_version for owner, config in self._owners().items()},
            "state": _specs(self._table),
            "packs": self._table.packs,
            "variables": {each.path: each.dump() for each in identities},
            "alike": known.alike,
        }

    def is_older(self, saved: Description) -> bool:
        """Whether state in a checkpoint must be migrated.

        Raises
        ------
        StateError
            If it is of a newer version, or an older one of an optimizer that is not built.
        """
        older = False
        for owner, config in self._owners().items():
            kept = any(name.startswith(f"{owner}/" if owner else "") for name in saved["state"])
            # Left out of a mapping where it is 1, and so here; what kept nothing is of any version.
            version = saved["versions"].get(owner, 1 if kept else config.state_version)
            if version > config.state_version or (version < config.state_version and not self._built()):
                raise self._of_version(owner, config, version, _BUILD)
            older |= version < config.state_version
        return older

    def restore(self, saved: Description, optimizer: SavedObject | None) -> None:
        """Prepare to restore state from a checkpoint, given what that has of the optimizer.

        Before `build` little is checked, and the rest by `check_awaited`.

        Raises
        ------
        StateError
            If it does not fit.
        """
        restoration = Restoration(saved, optimizer, self._name())
        if self._built():
            restoration.meet(self._table.model_variables)
            self._require_restorable(restoration, self._table)
        # TensorFlow defers the values to variables that are created later, and the check waits, too.
        self._restoration, self._awaited = restoration, not self._built()
        self._table.restore_from(restoration)
        self.on_load()

    def load_from(self, values: Mapping[str, Array], saved: Description, optimizer: SavedObject) -> None:
        """Set all state variables, or none, from arrays under the names that they have in a checkpoint.

        Raises
        ------
        StateError
            If they do not fit, or nothing tells which variable is which.
        """
        restoration = Restoration(saved, optimizer, self._name())
        restoration.meet(self._table.model_variables)
        names = {name: restoration.present_name(name) for name in values}
        self.load({new: values[name] for name, new in names.items() if new is not None})

    def take_back(self) -> None:
        """Forget the checkpoint that was restored last, whose values are gone again."""
        if self._restoration is not None:
            self._restoration, self._awaited = None, False
            self._table.restore_from(None)

    def meet(self) -> None:
        """Find variables that appear late in the checkpoint that was restored."""
        if self._restoration is not None:
            self._restoration.meet(self._table.model_variables)

    def check_awaited(self, planned: Callable[[], SlotTable]) -> None:
        """Check a description that was restored before `build` against the state that `build` will create."""
        if self._restoration is not None and self._awaited:
            table = planned()
            self._restoration.meet(table.model_variables)
            self._require_restorable(self._restoration, table)
            self._awaited = False

    def _require_restorable(self, restoration: Restoration, table: SlotTable) -> None:
        known = restoration.state
        # Of a variable that was not there nothing was saved, which is told.
        known |= {name: each for name, each in _specs(table).items() if restoration.saved_name(name) is None}
        # A variable that appears late gets its saved state then.
        late = dict.fromkeys(slot for slot, _ in table.homes.values())
        widened = {name for name, dtype in table.widened.items() if known.get(name, ("",))[0] == dtype.name}
        hint = f"{_SAME}, which it also reads in a wider dtype"
        require_same(known, _specs(table), where=self._name(), hint=hint, late=late, widened=widened)
        self._tell(widened)

    def _assign(self, values: Mapping[str, Array], *, hint: str, dtypes: bool = True) -> None:
        saved = {name: spec(value) for name, value in values.items()}
        # Everything is checked before the first assignment: all, or none.
        expected = _specs(self._table)
        widened = {name for name in saved if name in expected and widens(saved[name], expected[name])}
        require_same(
            saved, expected, where=self._name(), hint=hint, dtypes=dtypes, widened=widened if dtypes else ()
        )
        given = {name: self._converted(name, value) for name, value in values.items()}
        for name, value in given.items():
            self._table.states[name].assign(value)
        self.on_load()
        if dtypes:
            self._tell(widened)

    def _converted(self, name: str, value: Array) -> Array:
        # An array of another kind is another state: a rate in the place of the counter.
        result = converted(value, self._table.states[name].dtype)
        if result is None:
            held = self._table.states[name].dtype.name
            raise StateError(
                f"state of {held} cannot be set from these {value.dtype.name}; nothing was changed",
                where=f"{self._name()}: {name}",
                received=value,
                hint="give one array for each of `variables`, in their order",
            )
        return result

    def _tell(self, widened: set[str]) -> None:
        if widened:
            first, *others = sorted(widened)
            warnings.warn(
                f"{self._name()}: {len(widened)} saved state variables are read into a wider dtype: {first!r}"
                f"{' and others' if others else ''}. Hint: state of variables in half precision is kept in "
                'float32; `state_dtype="variable"` keeps it in theirs.',
                stacklevel=2,
            )

    def _migrated(self, values: dict[str, Array]) -> dict[str, Array]:
        """Take the versions out of saved values, and bring older values up to date."""
        owners = self._owners()
        for owner, config in owners.items():
            key = version_key(owner)
            version = state_version(values.pop(key, np.int64(1)), f"{self._name()}: {key}")
            if version > config.state_version:
                raise self._of_version(owner, config, version)
            if version < config.state_version:
                prefix = f"{owner}/" if owner else ""
                # State of a processor in a nested optimizer begins with the name of both.
                others = tuple(f"{each}/" for each in owners if each != owner and each.startswith(owner))
                own = [name for name in values if name.startswith(prefix) and not name.startswith(others)]
                old = {name.removeprefix(prefix): values.pop(name) for name in own}
                # It sees names without prefix: a plugin does not know what its user calls it.
                new = self._converted_by(config, version, old, where=self._name_of(owner))
                values |= {f"{prefix}{name}": value for name, value in new.items()}
        return values

    def _converted_by(
        self, config: type[NamedConfig], version: int, old: dict[str, Array], where: str
    ) -> dict[str, Array]:
        try:
            return arrays_by_name(config.migrate_state(version, old), where)
        except OptiplugError:
            raise
        except Exception as error:  # it may find anything in a file, and expect something else
            raise StateError(
                f"{config.__name__} cannot convert state of version {version}: "
                f"{type(error).__name__}: {error}; nothing was changed",
                where=where,
                hint="the state is damaged, or `migrate_state` has a fault",
            ) from error

    def _name_of(self, owner: str) -> str:
        return f"{self._name()}: {owner}" if owner else self._name()

    def _of_version(self, owner: str, config: type[NamedConfig], version: int, older: str = "") -> StateError:
        newer = version > config.state_version
        return StateError(
            f"the state is of version {version}, {'newer' if newer else 'older'} than version "
            f"{config.state_version} of {config.__name__}; nothing was changed",
            where=self._name_of(owner),
            hint="update the plugin" if newer else older,
        )


def _specs(table: SlotTable) -> dict[str, Spec]:
    return {name: spec(state.variable) for name, state in table.states.items()}
