"""The variables of the model, as an optimizer knows them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import Array, DType, Gradient, Shape, Tensor, Variable
from optiplug.errors import GradientsError
from optiplug.numerics import widest_dtype

__all__ = ["ModelVariables", "Whole", "is_trainable", "trainable", "unwrapped"]


@dataclass(frozen=True, eq=False)
class Whole:
    """What a model has as one variable: a variable, or all `shards` of one that is split up.

    `given` is what the model has, and a checkpoint of it: a variable of Keras, or the sharded variable.
    """

    path: str
    shards: tuple[Variable, ...]
    given: Variable

    @property
    def is_split(self) -> bool:
        """Whether it is a variable that is split up."""
        return distribution.is_sharded(self.given)

    @property
    def shape(self) -> Shape:
        """The shape of the whole."""
        shape = self.shards[0].shape
        return (
            tf.TensorShape([sum(each.shape[0] for each in self.shards), *shape[1:]])
            if self.is_split
            else shape
        )

    def read(self) -> Array:
        """Return the whole value."""
        values = [distribution.read(each) for each in self.shards]
        return np.concatenate(values) if self.is_split else values[0]


class ModelVariables:
    """The model's variables, in the order in which the optimizer met them.

    Each has a unique name in `paths`. The path that configs and checkpoints know is that of what the model
    has as one variable, so all shards of one that is split up have the same. `scalar_dtype` is that of a
    number for all variables: float64 if any is in double precision.
    """

    def __init__(self) -> None:
        self.paths: dict[int, str] = {}
        self.scalar_dtype: DType = tf.float32
        # Also keeps the variables alive, so that their ids stay their own.
        self._variables: list[Variable] = []
        self._positions: dict[int, int] = {}
        self._numbers: dict[str, int] = {}
        self._constraints: dict[int, Callable[[Tensor], Tensor] | None] = {}
        self._wholes: dict[int, Whole] = {}
        # By the name that variables have: the number of the call of `build` in which each was met.
        self._calls: dict[str, list[int]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._call = 0

    def __contains__(self, variable: Variable) -> bool:
        return id(variable) in self.paths

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def path(self, variable: Variable) -> str:
        """Return the path of a variable, of a shard that of the whole."""
        return self.whole(distribution.shards_of(variable)[0]).path

    def whole(self, variable: Variable) -> Whole:
        """Return what the model has as one variable: this one, or what it is a shard of."""
        return self._wholes[id(unwrapped(variable))]

    @property
    def wholes(self) -> list[Whole]:
        """What the model has as one variable each, in order."""
        return list({id(each): each for each in map(self.whole, self)}.values())

    def name(self, path: str) -> str:
        """Return the name of the variable of a path, without the number that tells it from others."""
        return self._names[path]

    @property
    def alike(self) -> dict[str, list[int]]:
        """The names that several variables have, with the number of the call in which each was met."""
        return {name: calls for name, calls in self._calls.items() if len(calls) > 1}

    def in_order(
        self, gradients: Sequence[Gradient], variables: Sequence[Variable]
    ) -> tuple[list[Gradient], list[Variable]]:
        """Return gradients and variables in the order in which the optimizer met these.

        So a step is the same, bit for bit, in whichever order they are given, and is traced once.
        """
        places = [self._positions.get(id(variable), len(self)) for variable in variables]
        order = sorted(range(len(places)), key=places.__getitem__)
        return [gradients[place] for place in order], [variables[place] for place in order]

    def constraint(self, variable: object) -> Callable[[Tensor], Tensor] | None:
        """Return the function that a variable's values go through after an update; a pack has none."""
        return self._constraints.get(id(variable))

    def add_all(self, given: Iterable[Variable]) -> None:
        """Add variables that were met at once."""
        self._call += 1
        for each in given:
            self.add(each)

    def add(self, given: Variable) -> None:
        """Add a variable, or all shards beside it; equal names are told apart by a number, in order."""
        variable = unwrapped(given)
        if variable in self:
            return
        sharded = distribution.whole_of(variable)
        wanted = _given_path(given) if sharded is None else _path_of_shards(sharded)
        path = self._unique(wanted)
        self._names[path] = wanted
        self._calls[wanted].append(self._call)
        if sharded is None:
            self._take(variable, given, path, Whole(path, (variable,), given))
            return
        whole = Whole(path, tuple(sharded.variables), sharded)
        for number, shard in enumerate(whole.shards):
            self._take(shard, shard, self._unique(f"{path}/part_{number}"), whole)

    def _unique(self, wanted: str) -> str:
        path = wanted
        # The last number of each name is kept, so naming a thousand equal names is linear.
        while path in self._numbers:
            self._numbers[wanted] += 1
            path = f"{wanted}_{self._numbers[wanted]}"
        self._numbers[path] = 0
        return path

    def _take(self, variable: Variable, given: Variable, path: str, whole: Whole) -> None:
        self._wholes[id(variable)] = whole
        self._positions[id(variable)] = len(self._variables)
        self._variables.append(variable)
        self.paths[id(variable)] = path
        # Kept, as it is asked for with every variable.
        if widest_dtype([variable]) == tf.float64:
            self.scalar_dtype = tf.float64
        # A variable of Keras 3 has the constraint; the tf.Variable inside of it has none.
        self._constraints[id(variable)] = getattr(given, "constraint", None)


def _given_path(variable: Any) -> str:
    """Return the path that Keras 3 gives to a variable, or the name of a tf.Variable."""
    # The tf.Variable inside has another name, in a subclassed model without that of the layer.
    path = getattr(variable, "path", None)
    # TensorFlow ends names with ":0", the number of an output.
    return path if isinstance(path, str) else str(variable.name).rsplit(":", 1)[0]


def _path_of_shards(sharded: Any) -> str:
    """Return the name that the variable of some shards was given: each of them has it, and a number."""
    first = _given_path(sharded.variables[0])
    return re.sub(r"/part_\d+$", "", first)


def unwrapped(variable: object) -> Variable:
    """Return the tf.Variable: itself, or the one that a variable of Keras 3 wraps and names by its path.

    Raises
    ------
    GradientsError
        If it is neither.
    """
    if isinstance(variable, tf.Variable):
        return variable
    # Asked by attribute: Keras need not be installed.
    value = getattr(variable, "value", None)
    if isinstance(value, tf.Variable):
        return value
    raise GradientsError("a tf.Variable or a Keras variable must be given", received=variable)


def is_trainable(given: object) -> bool:
    """Whether a gradient can move it: a step counter among the variables of a model has none.

    Raises
    ------
    GradientsError
        If it is no variable.
    """
    return _is_continuous(unwrapped(given).dtype)


def trainable(given: Iterable[object]) -> list[Variable]:
    """Return the tf.Variables, if a gradient can move each.

    Raises
    ------
    GradientsError
        If one is a variable of integers, or no variable at all.
    """
    variables = list(map(unwrapped, given))
    # Each dtype once: in an eager call this is asked in every step.
    discrete = {dtype for dtype in {each.dtype for each in variables} if not _is_continuous(dtype)}
    for variable in variables if discrete else ():
        if variable.dtype in discrete:
            raise GradientsError(
                f"a variable that is trained must have a floating or complex dtype: {variable.name!r}",
                received=variable.dtype.name,
            )
    return variables


def _is_continuous(dtype: DType) -> bool:
    return bool(dtype.is_floating or dtype.is_complex)
