"""What of a plugin is compared with what: the last lines of each oracle's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case", "Peer"]

SHAPES: tuple[tuple[int, ...], ...] = ((), (5,), (4, 3), (0,))


@dataclass(frozen=True)
class Case:
    """A plugin with hyperparameters, and its oracle with the same ones by the same names.

    `arguments` are those of the oracle where it does not take the plugin's `fields` as they are.
    """

    use: str
    oracle: Callable[..., Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] | None = None
    shapes: tuple[tuple[int, ...], ...] = SHAPES

    def create_oracle(self) -> Any:
        """Return the oracle that knows these hyperparameters."""
        return self.oracle(**(self.fields if self.arguments is None else self.arguments))

    def __str__(self) -> str:
        return f"{self.use}({', '.join(f'{name}={value}' for name, value in self.fields.items())})"


@dataclass(frozen=True)
class Peer:
    """A plugin with hyperparameters, and the same thing from an installed package.

    `create` imports the package and returns an optax transformation or a Keras optimizer.
    """

    use: str
    package: str
    create: Callable[[], Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = SHAPES

    def __str__(self) -> str:
        fields = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.use}({fields})-{self.package}"
