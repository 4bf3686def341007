"""What an error of a stranger's code says, in one text that is short and cannot steer a terminal."""

from __future__ import annotations

from optiplug._plain_text import plain

__all__ = ["bounded", "reason"]

_LONGEST = 500  # in characters: a screen has room for several such texts


def reason(error: BaseException) -> str:
    r"""Return the type and the text of an error, whatever its `__str__` does.

    Examples
    --------
    >>> print(reason(ValueError("no licence\x07")))
    ValueError: no licence\x07
    """
    name = type.__dict__["__name__"].__get__(type(error))  # a metaclass may have a `__name__` of its own
    try:
        text = str(error)
    except BaseException as another:  # noqa: BLE001  # what is shown is somebody's code, too
        text = f"its text cannot be shown, that raises {type(another).__name__}"
    return bounded(f"{name}: {text}" if text else name)


def bounded(text: str, longest: int = _LONGEST) -> str:
    """Return a text that is cut where it is too long, with what could steer a terminal as escapes."""
    cut = text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"
    return plain(cut)
