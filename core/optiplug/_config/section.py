"""The base of all that is validated: its fields, and what is read in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from optiplug.errors import ConfigError

from .plain_numbers import plain
from .problem_search import ends_early
from .pydantic_plugins import find_them_with_care
from .validation_errors import translated

__all__ = ["Section"]

find_them_with_care()


class Section(BaseModel):
    """Base of a part of a config that has no name of its own, such as an entry of a list.

    Fields are declared as in a `NamedConfig`, and a section cannot be changed once it is created.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field, or a key is unknown.

    Examples
    --------
    >>> import optiplug
    >>> class Phase(optiplug.Section):
    ...     steps: optiplug.PositiveInt
    ...     rate: optiplug.NonNegativeFloat = 0.1
    >>> Phase(steps=10)
    Phase(steps=10, rate=0.1)
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,  # by default pydantic takes "1" for 1, and True for 1
        extra="forbid",  # a key with a typing error would otherwise be ignored
        allow_inf_nan=False,
        validate_default=True,  # so a default of 1 becomes 1.0, as a given 1 does
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,  # `optiplug show` and the schema describe a field by them
        defer_build=True,  # validators are built at first use: listing plugins needs none
    )

    replaced: ClassVar[Mapping[str, str]] = {}

    @ends_early
    def __init__(self, /, **values: object) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            # `from None`: the message of pydantic says the same in other words, with links to its own pages.
            raise translated(error, values, type(self)) from None

    def __setattr__(self, name: str, value: object) -> None:
        self._refuse_change(name, received=value)

    def __delattr__(self, name: str) -> None:
        self._refuse_change(name)

    def _refuse_change(self, name: str, **received: object) -> None:
        cls = type(self).__name__
        raise ConfigError(
            "a config cannot be changed",
            where=f"{cls}.{name}",
            hint=f"create another: {cls}(**{{**dict(config), {name!r}: ...}})",
            **received,
        )

    @field_validator("*", mode="before")
    @classmethod
    def _plain_values(cls, value: object) -> object:
        # A strict field of tuples refuses a list, and documents have only lists.
        return _tuples(value)


def _tuples(value: object) -> object:
    """Turn the lists of a document into the tuples of a frozen config, and numbers into those of Python."""
    value = plain(value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) or type(value) is tuple else value
