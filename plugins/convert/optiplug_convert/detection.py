"""Tells which library a document comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from optiplug.errors import ConfigError, Problem, nearest

from .draft import Draft
from .rules import Arguments, Row
from .sources.addons import ADDONS
from .sources.addons_wrappers import WRAPPERS
from .sources.keras import OPTIMIZERS
from .sources.keras_reading import COMPILED, addons, keras
from .sources.model_garden_reading import model_garden
from .sources.optax_reading import optax
from .sources.torch_reading import torch

__all__ = ["LIBRARIES", "detected", "known"]

LIBRARIES: Mapping[str, Callable[[Arguments], Draft]] = {
    "keras": keras,
    "addons": addons,
    "model-garden": model_garden,
    "torch": torch,
    "optax": optax,
}
"""What reads the documents of each library."""


def detected(data: Arguments) -> str:
    """Return the library that a document comes from.

    Raises
    ------
    ConfigError
        If it could be of none, or says that it is a config of optiplug.
    """
    if "use" in data:
        rule = "this is a config of optiplug already"
        raise ConfigError([Problem(("use",), rule, data["use"], "`optiplug check` validates it", key=True)])
    if "optax" in data:
        return "optax"
    inner = data.get("optimizer")
    if "param_groups" in data or (isinstance(inner, str) and data.keys() - set(COMPILED)):
        return "torch"
    if _of_model_garden(data, inner):
        return "model-garden"
    name = data.get("class_name") or data.get("name")
    if isinstance(name, str):
        only_there = name in WRAPPERS or (isinstance(ADDONS.get(name), Row) and name not in OPTIMIZERS)
        return "addons" if name.startswith("Addons>") or only_there else "keras"
    # A name alone may be of any of them.
    compiled = isinstance(inner, str) and len(data) > 1
    if compiled or (isinstance(inner, Mapping) and "class_name" in inner) or "compile_config" in data:
        return "keras"
    hint = f"say so: --from {', --from '.join(LIBRARIES)}"
    raise ConfigError([Problem((), "cannot tell which library this comes from", hint=hint)])


def _of_model_garden(data: Arguments, inner: object) -> bool:
    if isinstance(inner, Mapping) and "type" in inner:
        return True
    trainer = data.get("trainer")
    return "optimizer_config" in data or (isinstance(trainer, Mapping) and "optimizer_config" in trainer)


def known(library: str) -> str:
    """Return a library that can be converted from.

    Raises
    ------
    ConfigError
        If it is none of them, with the nearest name.
    """
    if library in LIBRARIES:
        return library
    hint = nearest(library, LIBRARIES) or f"they are {', '.join(LIBRARIES)}"
    raise ConfigError("is no library that can be converted from", where="--from", received=library, hint=hint)
