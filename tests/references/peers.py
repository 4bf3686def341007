"""Optimizers of other packages, which are imported only when one is made."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

__all__ = ["keras", "optax"]


def keras(name: str, **fields: Any) -> Callable[[], Any]:
    """Return what makes an optimizer of tf_keras."""

    def create() -> Any:
        import tf_keras

        return attrgetter(name)(tf_keras.optimizers)(**fields, jit_compile=False)

    return create


def optax(name: str, **fields: Any) -> Callable[[], Any]:
    """Return what makes a transformation of optax, such as ``"contrib.muon"``."""

    def create() -> Any:
        import optax

        return attrgetter(name)(optax)(**fields)

    return create
