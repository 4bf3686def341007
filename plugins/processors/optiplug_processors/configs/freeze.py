"""Config of freeze."""

from __future__ import annotations

from pydantic import ValidationInfo, field_validator

from optiplug import ConfigError, NonNegativeInt, PositiveInt, ProcessorConfig

__all__ = ["FreezeConfig"]


class FreezeConfig(ProcessorConfig):
    """Freeze variables, for good or for some steps. No state."""

    implementation = "optiplug_processors.freeze:Freeze"
    elementwise = True
    complex_variables = True
    paper = (
        "Howard and Ruder 2018, "
        "Universal Language Model Fine-tuning for Text Classification, arXiv:1801.06146"
    )

    until: PositiveInt | None = None
    """First step that trains the variables again, counted from 0; None: never."""
    since: NonNegativeInt = 0
    """First step that leaves the variables alone, counted from 0."""

    @field_validator("since")
    @classmethod
    def _before_until(cls, since: int, info: ValidationInfo) -> int:
        until = info.data.get("until")
        if until is not None and since >= until:
            raise ConfigError(f"must be less than `until`, {until}", received=since)
        return since
