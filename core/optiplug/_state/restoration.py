"""A checkpoint that is being restored: which saved state is that of which variable."""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterable

import tensorflow as tf

from optiplug._tf_private import SavedObject
from optiplug._types import Array
from optiplug._variables.identity import Identity, match_variables
from optiplug._variables.model_variables import ModelVariables, Whole
from optiplug.errors import StateError

from .manifest import Description, Spec
from .saved_state import widened_names

__all__ = ["Restoration"]


class Restoration:
    """One checkpoint, and the variable of the model that each saved variable is.

    What the checkpoint itself has of the variables tells: it holds the graph of objects, in which names mean
    nothing. A variable that is not in it goes by its path.
    """

    def __init__(self, saved: Description, optimizer: SavedObject | None, where: str) -> None:
        self.description, self._optimizer, self._where = saved, optimizer, where
        # The names of state that was kept in a wider dtype than its variable.
        self.widened = set() if optimizer is None else widened_names(optimizer)
        # The path in the checkpoint by the present path, None where there is none; and the other way round.
        self._saved: dict[str, str | None] = {}
        self._present: dict[str, str] = {}

    def meet(self, variables: ModelVariables) -> None:
        """Find those variables that are not known yet in the checkpoint.

        Raises
        ------
        StateError
            If nothing tells which one a variable is.
        """
        new = [each for each in variables.wholes if each.path not in self._saved]
        values = self._values(new)
        taken = set(self._saved.values())
        identities = [
            Identity.from_saved(path, each)
            for path, each in self.description["variables"].items()
            if path not in taken
        ]
        present = [Identity.of(value, path, place) for place, (path, value) in enumerate(values.items())]
        pairs, _ = match_variables(identities, present, self._where, loaded=True)
        paths = [each.path for each in new]
        self._require_told([path for path in paths if path not in values], variables)
        known = set(pairs.values()) | taken
        for path in paths:
            found = pairs.get(path) if path in values else None if path in known else path
            self._saved[path] = found
            if found is not None:
                self._present[found] = path
        fresh = [path for path in paths if self._saved[path] is None]
        rest = [each for each in identities if each.path not in self._present]
        self._require_afresh(fresh, rest, [tuple(values[path].shape) for path in fresh if path in values])
        if fresh:
            warnings.warn(
                f"{self._where}: no saved state is known to be that of {fresh}, which start afresh.",
                stacklevel=2,
            )

    def _values(self, new: Iterable[Whole]) -> dict[str, Array]:
        """Return what the checkpoint has as the value of those variables that it has, by their path."""
        if self._optimizer is None or not self.description["variables"]:
            return {}
        found = {id(thing): saved.key for thing, saved in self._optimizer.found}
        reader = tf.train.load_checkpoint(self._optimizer.checkpoint)
        keys = {each.path: found.get(id(each.given)) for each in new}
        return {path: reader.get_tensor(key) for path, key in keys.items() if key and reader.has_tensor(key)}

    def _require_afresh(
        self, fresh: Container[str], rest: Iterable[Identity], shapes: Container[tuple[int, ...]]
    ) -> None:
        """Refuse variables that would start afresh, of these shapes, if something saved may be theirs."""
        known = self.description["variables"]
        untold = [
            name for name in self.description["state"] if _path_in(name, fresh) and not _path_in(name, known)
        ]
        in_doubt = [each for each in rest if each.shape in shapes or each.path in fresh]
        lost = [each.path for each in in_doubt if not self._has(each)]
        if untold or lost:
            raise StateError(
                "the checkpoint must have the values of all variables that its description tells of, and "
                "tell of all that it has state of; nothing was changed",
                where=self._where,
                received=untold or lost,
                hint="put the whole model into the checkpoint, or load `optiplug.read_state(checkpoint)`",
            )

    def _has(self, identity: Identity) -> bool:
        """Whether the checkpoint has this value, as of a variable that is not trained any more."""
        if self._optimizer is None:
            return False
        reader = tf.train.load_checkpoint(self._optimizer.checkpoint)
        shapes = reader.get_variable_to_shape_map().items()
        alike = (reader.get_tensor(key) for key, shape in shapes if tuple(shape) == identity.shape)
        return any(Identity.of(value, "").value == identity.value for value in alike)

    def _require_told(self, paths: Iterable[str], variables: ModelVariables) -> None:
        """Refuse paths that were numbered as several variables have one name, if the order may differ."""
        # Earlier versions did not tell.
        if not self.description["variables"]:
            return
        before, now = self.description["alike"], variables.alike
        for name in before.keys() | now.keys():
            # Met at once, they have the order of the model.
            same = len(before.get(name, ())) == len(now.get(name, ()))
            told = same and len(set(before[name])) == len(set(now[name])) == 1
            in_doubt = [path for path in paths if variables.name(path) == name]
            if in_doubt and not told:
                raise StateError(
                    "nothing tells which variable the saved state is of, as several have one name; "
                    "nothing was changed",
                    where=self._where,
                    received=in_doubt,
                    hint="give them names, or put the model into the same checkpoint as the optimizer",
                )

    @property
    def state(self) -> dict[str, Spec]:
        """The saved state under the names that it has here; what waits for a variable keeps its own."""
        named = {self.present_name(name): spec for name, spec in self.description["state"].items()}
        return {name: spec for name, spec in named.items() if name is not None}

    def saved_name(self, name: str) -> str | None:
        """Return the name in the checkpoint of the state of this name, None if it is not there."""
        path = _path_in(name, self._saved)
        if path is None:
            return name
        saved = self._saved[path]
        return None if saved is None else f"{name.removesuffix(path)}{saved}"

    def present_name(self, saved_name: str) -> str | None:
        """Return the name here of what has this name in the checkpoint, None if that is of something else."""
        path = _path_in(saved_name, self._present) or _path_in(saved_name, self.description["variables"])
        if path is None:
            return saved_name
        if path in self._present:
            return f"{saved_name.removesuffix(path)}{self._present[path]}"
        return None if path in self._saved else saved_name


def _path_in(name: str, paths: Container[str]) -> str | None:
    """Return the longest of some paths that a name of state, ``slot/path``, ends with."""
    parts = name.split("/")
    endings = ("/".join(parts[start:]) for start in range(1, len(parts)))
    return next((each for each in endings if each in paths), None)
