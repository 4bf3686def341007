"""What one optimizer has in common on all workers of a cluster, compared when it is built and loaded."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import importlib_metadata
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug import registry
from optiplug._config.inside import configs
from optiplug._config.keyword_processors import keyword_processors
from optiplug._config.kinds import OptimizerConfig
from optiplug._tf_private import plain_variable
from optiplug._types import Gradient, Variable
from optiplug._variables.model_variables import ModelVariables
from optiplug._variables.share import LARGEST_WHOLE
from optiplug.errors import OptiplugError

__all__ = ["WorkerAgreement", "description"]


class WorkerAgreement:
    """Compares what workers build, before any state is created, and what they have loaded, before a step.

    Without workers it does nothing. Steps cost no more afterwards: in a graph they look at one flag.
    """

    def __init__(self) -> None:
        self._workers: distribution.Workers | None = None
        self._lock = threading.Lock()
        self._pending: Variable | None = None
        self._loaded = self._waits = False

    def on_build(self, name: str, said: Callable[[], Mapping[str, str]], first: Variable) -> None:
        """Compare what this worker builds.

        Raises
        ------
        DifferentWorkersError
            If another worker builds something else.
        LostWorkerError
            If one does not build.
        """
        self._workers = distribution.workers_beside(first)
        if self._workers is None:
            return
        distribution.agree(
            self._workers,
            f"{name}: build",
            said(),
            rule="the workers build different optimizers; no state was created",
            hint="start all of them with the same config, model and versions",
        )
        if self._pending is None:
            self._pending = plain_variable((), tf.bool, self._workers.device, "agreement_pending")
        self._ask()

    def on_load(self) -> None:
        """Compare what is loaded before the next step."""
        self._loaded = True
        self._ask()

    def _ask(self) -> None:
        self._waits = True
        if self._pending is not None:
            self._pending.assign(True)

    def before_step(self, name: str, iterations: Variable, gradients: list[Gradient]) -> list[Gradient]:
        """Return the gradients of a step, once what was built or loaded before it was compared."""
        if self._workers is None or self._pending is None:
            return gradients

        def compare() -> bool:
            self._compare(name, int(iterations.numpy()))
            return True

        if tf.executing_eagerly():
            if self._waits:
                compare()
            return gradients
        with tf.device(self._workers.device):
            compared = tf.cond(self._pending, lambda: tf.py_function(compare, [], tf.bool), lambda: True)
        # The sum of the first one waits, and so does all that follows. Large ones may be summed before it.
        with tf.control_dependencies([compared]):
            return [
                tf.nest.map_structure(tf.identity, each, expand_composites=True)
                if place == 0 or _is_large(each)
                else each
                for place, each in enumerate(gradients)
            ]

    def _compare(self, name: str, iterations: int) -> None:
        with self._lock:
            # Of several replicas in this process one compares for all.
            if not self._waits or self._workers is None or self._pending is None:
                return
            loaded = "state was loaded" if self._loaded else "nothing was loaded"
            distribution.agree(
                self._workers,
                f"{name}: the first step after `build` or a load",
                {"iterations": str(iterations), "since the last comparison": loaded},
                rule="the workers have different state; no step was taken",
                hint="load the same checkpoint on every worker: only to save is for the chief alone",
            )
            self._loaded = self._waits = False
            self._pending.assign(False)


def _is_large(gradient: Gradient) -> bool:
    return tf.is_tensor(gradient) and (gradient.shape.num_elements() or 0) > LARGEST_WHOLE


def description(
    config: object, plain: Any, variables: ModelVariables, late: Sequence[Variable]
) -> dict[str, str]:
    """Return what must be the same on all workers, by what it is: config, variables and versions."""
    said = dict(_flat("config", plain))
    for position, each in enumerate(late):
        # The position, too: gradients are summed in this order.
        said[f"variable {variables.path(each)}"] = f"{position}: {each.dtype.name} {list(each.shape)}"
    return said | {f"version of {name}": version for name, version in _versions(config)}


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{path}.{key}", each)
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _flat(f"{path}[{index}]", each)
    else:
        yield path, json.dumps(value, default=lambda each: str(type(each)))


def _versions(config: object) -> Iterator[tuple[str, str]]:
    yield "python", f"{sys.version_info.major}.{sys.version_info.minor}"
    yield "tensorflow", tf.__version__
    yield "optiplug-core", importlib_metadata.version("optiplug-core")
    for _, each in configs(config):
        keywords = keyword_processors(each) if isinstance(each, OptimizerConfig) else ()
        for one in (each, *(processor for _, processor in keywords)):
            try:
                entry = registry.find(one.kind, registry.reference_of(type(one)))
            except OptiplugError:  # a class of the user's own
                continue
            yield entry.distribution, entry.version
