"""Models of every kind, what becomes of them between a save and a load, and the files in between.

Each weight has values of its own, and each momentum is twice its weight. So a momentum that is not belongs
to another variable, whatever has become of names, places and layers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_keras import wrap

SIZE = 3
FILES = ("keras", "weights", "h5", "backup", "checkpoint", "deferred")


@dataclass(frozen=True)
class Layer:
    """One layer of a model: its name, and whether it is trained."""

    name: str | None
    trainable: bool = True


Plan = Sequence[Layer]


def _dense(flavour: Any, layer: Layer) -> Any:
    return flavour.layers.Dense(SIZE, name=layer.name, trainable=layer.trainable)


def _chained(flavour: Any, layers: Sequence[Any]) -> Any:
    inputs = outputs = flavour.layers.Input((SIZE,))
    for layer in layers:
        outputs = layer(outputs)
    return flavour.Model(inputs, outputs)


def sequential(flavour: Any, plan: Plan) -> Any:
    return flavour.Sequential([flavour.layers.Input((SIZE,)), *(_dense(flavour, each) for each in plan)])


def functional(flavour: Any, plan: Plan) -> Any:
    return _chained(flavour, [_dense(flavour, each) for each in plan])


def shared_layer(flavour: Any, plan: Plan) -> Any:
    layers = [_dense(flavour, each) for each in plan]
    return _chained(flavour, [*layers, layers[0]])


def nested(flavour: Any, plan: Plan) -> Any:
    first, *others = [_dense(flavour, each) for each in plan]
    return _chained(flavour, [_chained(flavour, others), first])


def unnamed_variables(flavour: Any, plan: Plan) -> Any:
    return _chained(flavour, [UNNAMED[flavour](name=each.name, trainable=each.trainable) for each in plan])


def subclassed(flavour: Any, plan: Plan) -> Any:
    model = SUBCLASSED[flavour]([[each.name, each.trainable] for each in plan])
    model(np.zeros([1, SIZE], np.float32))
    return model


def equal_names(flavour: Any, plan: Plan) -> Any:
    return subclassed(flavour, [replace(each, name="same") for each in plan])


KINDS = {
    each.__name__: each
    for each in (
        sequential,
        functional,
        shared_layer,
        nested,
        unnamed_variables,
        subclassed,
        equal_names,
    )
}


def _unnamed(flavour: Any) -> type:
    @flavour.saving.register_keras_serializable("identity_matrix")
    class Unnamed(flavour.layers.Layer):
        def build(self, _: Any) -> None:
            self.kernel = self.add_weight(shape=(SIZE, SIZE))
            self.shift = self.add_weight(shape=(SIZE, SIZE))

        def call(self, inputs: Any) -> Any:
            return inputs @ self.kernel + inputs @ self.shift

    return Unnamed


def _subclassed(flavour: Any) -> type:
    @flavour.saving.register_keras_serializable("identity_matrix")
    class Subclassed(flavour.Model):
        # Keras loads attributes in the order of their names: the tail comes after the optimizer.
        def __init__(self, plan: Any, **keywords: Any) -> None:
            super().__init__(**keywords)
            self.plan = plan
            for attribute, layer in zip(("body", "head", "tail", "top"), plan, strict=False):
                setattr(self, attribute, _dense(flavour, Layer(*layer)))

        def call(self, inputs: Any) -> Any:
            for attribute, _ in zip(("body", "head", "tail", "top"), self.plan, strict=False):
                inputs = getattr(self, attribute)(inputs)
            return inputs

        def get_config(self) -> dict[str, Any]:
            frozen = [[layer[0], each.trainable] for layer, each in zip(self.plan, self.layers, strict=True)]
            return {"plan": frozen}

        def get_build_config(self) -> dict[str, Any]:
            return {"input_shape": (1, SIZE)}

        def build_from_config(self, config: Any) -> None:
            self(np.zeros([1, SIZE], np.float32))

    return Subclassed


FLAVOURS = {"keras": keras, "tf_keras": tf_keras}
UNNAMED = {flavour: _unnamed(flavour) for flavour in FLAVOURS.values()}
SUBCLASSED = {flavour: _subclassed(flavour) for flavour in FLAVOURS.values()}


@dataclass(frozen=True)
class Change:
    """What becomes of a model: which layers are trained at first, when it is saved and where it is loaded."""

    first: Callable[[Plan], Plan]
    saved: Callable[[Plan], Plan]
    loaded: Callable[[Plan], Plan]


def same(plan: Plan) -> Plan:
    return plan


@cache  # so that two of the same are the same, where a cell applies
def without(*frozen: int) -> Callable[[Plan], Plan]:
    return lambda plan: [replace(each, trainable=i not in frozen) for i, each in enumerate(plan)]


CHANGES = {
    "nothing": Change(same, same, same),
    "freeze": Change(same, without(0), without(0)),
    "freeze_then_load_all": Change(same, without(0), same),
    "load_frozen": Change(same, same, without(0)),
    "unfreeze": Change(without(0), same, same),
    "swap": Change(without(0), without(1), without(1)),
    "swap_then_load_all": Change(without(0), without(1), same),
    "rename": Change(
        same, same, lambda plan: [replace(each, name=f"new_{i}") for i, each in enumerate(plan)]
    ),
    "add_layer": Change(same, same, lambda plan: [*plan, Layer("added")]),
    "reorder": Change(same, same, lambda plan: [plan[1], plan[0], *plan[2:]]),
}


def compiled(flavour: Any, model: Any) -> Any:
    model.compile(optimizer=wrap("sgd", momentum=0.5, keras=flavour), loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


@dataclass(frozen=True)
class Cell:
    """One way to save a model and to load it."""

    flavour: str
    kind: str
    change: str
    file: str
    named: bool = True

    def __str__(self) -> str:
        return "-".join([self.flavour, self.kind, self.change, self.file, "named" if self.named else "auto"])

    @property
    def applies(self) -> bool:
        """Whether there is such a thing: a file with the config has the model in it as it was saved.

        From HDF5 of a model with a frozen layer, tf_keras loads no state, and says so in its log.
        """
        change = CHANGES[self.change]
        if self.change == "rename" and not self.named:
            return False
        if self.file in ("keras", "h5") and change.loaded is not change.saved:
            return False
        if self.file == "h5" and (self.flavour == "keras" or self.kind in ("subclassed", "equal_names")):
            return False
        if self.file == "h5" and self.change in ("freeze", "swap"):
            return False
        # tf_keras saves variables without a name in its own files only.
        unnamed = self.flavour == "tf_keras" and self.kind == "unnamed_variables"
        return not unnamed or self.file in ("keras", "weights")

    @property
    def may_be_refused(self) -> bool:
        """Whether nothing tells which variable is which when the state is loaded.

        tf_keras loads an optimizer before the weights, and Keras refuses weights without the right layers.
        """
        if self.change == "add_layer":
            return True
        trained_before = CHANGES[self.change].loaded not in (same, CHANGES[self.change].saved)
        late = self.flavour == "tf_keras" and self.file in ("keras", "weights")
        return late and (trained_before or self.kind == "unnamed_variables")

    def run(self, folder: Path) -> Outcome:
        """Save and load, and return what became of the state."""
        return Outcome(self, folder)


# Messages of Keras 3 and tf_keras for weights without those of a layer.
_REFUSALS = ("could not be loaded", "variables during loading")


class Outcome:
    """What became of the state of each variable: those that lost it, and those that have another's."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self.flavour, self.cell = FLAVOURS[cell.flavour], cell
        plan = [Layer(name if cell.named else None) for name in ("first", "second", "third")]
        change = CHANGES[cell.change]
        model = compiled(self.flavour, KINDS[cell.kind](self.flavour, change.first(plan)))
        self._set_trainable(model, change.saved(plan))
        _mark(model)
        save = getattr(self, f"_{cell.file}")
        self.refused, self.wrong = "", []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self.loaded = save(model, folder, lambda: self._other(change.loaded(change.saved(plan))))
                self.loaded.optimizer.build(self.loaded.trainable_variables)
                self.wrong = list(self._wrong(caught))
                self._set_trainable(self.loaded, [replace(each, trainable=True) for each in plan])
            except optiplug.StateError as error:
                self.refused = str(error)
                return
            except ValueError as error:
                if not any(each in str(error) for each in _REFUSALS):
                    raise
                self.refused = str(error)
                return
        self.wrong += list(self._wrong(caught))

    def _other(self, plan: Plan) -> Any:
        return compiled(self.flavour, KINDS[self.cell.kind](self.flavour, plan))

    def _set_trainable(self, model: Any, plan: Plan) -> None:
        layers = list(_layers(model))
        if self.cell.kind == "nested":
            layers = [layers[-1], *layers[:-1]]
        for layer, planned in zip(layers, plan, strict=False):
            layer.trainable = planned.trainable
        model.optimizer.build(model.trainable_variables)

    def _wrong(self, caught: Sequence[warnings.WarningMessage]) -> Iterator[str]:
        told = " ".join(str(each.message) for each in caught)
        optimizer = self.loaded.optimizer.optimizer
        for variable in optimizer.own_variables:
            momentum, weight = optimizer.momentum[variable].numpy(), variable.numpy()
            path = optimizer.path(variable)
            fresh = not momentum.any() and (path in told or "not loaded" in told)
            # Nothing is saved of a layer that is added or that was never trained.
            if not np.array_equal(momentum, 2 * weight) and not fresh:
                yield f"{path}: {momentum.ravel()[:2]} for {weight.ravel()[:2]}"

    def _keras(self, model: Any, folder: Path, _: Callable[[], Any]) -> Any:
        model.save(folder / "model.keras")
        return self.flavour.models.load_model(folder / "model.keras")

    def _h5(self, model: Any, folder: Path, _: Callable[[], Any]) -> Any:
        model.save(folder / "model.h5")
        return self.flavour.models.load_model(folder / "model.h5")

    def _weights(self, model: Any, folder: Path, other: Callable[[], Any]) -> Any:
        model.save_weights(folder / "model.weights.h5")
        loaded = other()
        loaded.load_weights(folder / "model.weights.h5")
        return loaded

    def _backup(self, model: Any, folder: Path, other: Callable[[], Any]) -> Any:
        for each in (model, loaded := other()):
            backup = self.flavour.callbacks.BackupAndRestore(str(folder / "backup"))
            backup.set_model(each)
            backup.on_train_begin()
            if each is model:
                backup.on_epoch_begin(0)
                backup.on_epoch_end(0)
        return loaded

    def _checkpoint(self, model: Any, folder: Path, other: Callable[[], Any]) -> Any:
        path = _checkpointed(model).write(str(folder / "checkpoint"))
        loaded = other()
        _checkpointed(loaded).read(path)
        return loaded

    def _deferred(self, model: Any, folder: Path, other: Callable[[], Any]) -> Any:
        path = _checkpointed(model).write(str(folder / "checkpoint"))
        loaded = other()
        loaded.compile(optimizer=wrap("sgd", momentum=0.5, keras=self.flavour), loss="mse")
        _checkpointed(loaded).read(path)
        loaded.optimizer.build(loaded.trainable_variables)
        return loaded


def _checkpointed(model: Any) -> Any:
    return tf.train.Checkpoint(model=model, optimizer=model.optimizer)


def _mark(model: Any) -> None:
    numbers = np.random.default_rng(7)
    model.set_weights([numbers.normal(size=each.shape) for each in model.weights])
    optimizer = model.optimizer.optimizer
    for variable in optimizer.own_variables:
        optimizer.momentum[variable].assign(2 * variable.read_value())


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif layer.weights:
            yield layer


def _cells() -> Iterator[Cell]:
    """Iterate over the ways; where there is one with names and one without, the two take turns.

    So every four of flavour, kind, change and file are together, each three with names or without, and of a
    file with few ways, all.
    """
    values = [[*enumerate(each)] for each in (FLAVOURS, KINDS, CHANGES, FILES)]
    for chosen in product(*values):
        places, names = zip(*chosen, strict=True)
        ways = [cell for named in (True, False) if (cell := Cell(*names, named)).applies]
        yield from ways if len(ways) < 2 or cell.file == "h5" else [ways[sum(places) % 2]]


CELLS = [*_cells()]


def pairwise(cells: Sequence[Cell]) -> list[Cell]:
    """Return some of the cells, in which every two values that are together in one are together again."""
    rest = {cell: set(combinations(astuple(cell), 2)) for cell in cells}
    chosen: list[Cell] = []
    while any(rest.values()):
        best = max(rest, key=lambda cell: len(rest[cell]))
        chosen.append(best)
        covered = rest.pop(best)
        rest = {cell: pairs - covered for cell, pairs in rest.items()}
    return chosen
