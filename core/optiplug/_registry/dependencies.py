"""Whether what a distribution requires is installed."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from packaging.requirements import InvalidRequirement, Requirement

from .metadata import DamagedMetadataError, installed_version

__all__ = ["unmet"]


def unmet(requirements: Collection[str], extras: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield the name of each distribution that is not as it is required, and a reason.

    Parameters
    ----------
    requirements
        As METADATA has them.
    extras
        The extras that are in use.

    Examples
    --------
    >>> list(unmet(["packaging>=1", "packaging<1; extra == 'old'", "numpy; python_version < '3'"]))
    []
    """
    for text in requirements:
        try:
            requirement = Requirement(text)
            if _applies(requirement, extras) and (reason := _reason(requirement)):
                yield requirement.name, reason
        except InvalidRequirement:
            yield text, f"requires {text[:80]!r}, which is no requirement"
        except ValueError:  # a marker that cannot be evaluated, or a version of thousands of digits
            yield text, f"requires {text[:80]!r}, which cannot be understood"


def _applies(requirement: Requirement, extras: Collection[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _reason(requirement: Requirement) -> str:
    wanted = f"{requirement.name}{requirement.specifier}"[:80]
    try:
        version = installed_version(requirement.name)
    except DamagedMetadataError:
        return ""  # of which another finding tells
    if version is None:
        return f"requires {wanted}, which is not installed"
    try:
        fits = requirement.specifier.contains(version, prereleases=True)
    except ValueError:
        fits = False
    return "" if fits else f"requires {wanted}, and {version} is installed"
