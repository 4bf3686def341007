"""The version of the plugin API: what this optiplug has, and what a distribution was written for.

A distribution says so in its metadata, which is read before anything of it is imported::

    [project.entry-points."optiplug.api"]
    version = "1"
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["API_GROUP", "PLUGIN_API", "PLUGIN_APIS", "Incompatibility", "incompatibility"]

API_GROUP = "optiplug.api"
"""The entry point group in which a distribution says for which version its plugins were written."""

PLUGIN_API = 1
"""The version of the plugin API, raised by a release that breaks plugins which were right before."""

PLUGIN_APIS = (PLUGIN_API,)
"""Every version of the plugin API that this optiplug accepts."""

_LONGEST = 40
_VERSION = re.compile(r"[1-9][0-9]{0,5}")


class Incompatibility(str):
    """Why plugins of a distribution cannot be used here, and what to do; empty if they can."""

    __slots__ = ()


def incompatibility(distribution: str, declared: Sequence[tuple[str, str]]) -> Incompatibility:
    """Compare what a distribution declares, the names and values in its group `API_GROUP`, with what is here.

    One that says nothing is taken to be written for version 1.

    >>> print(incompatibility("swift", [("version", "2")]))
    was written for version 2 of the plugin API, and this optiplug has version 1: upgrade optiplug-core
    >>> incompatibility("swift", [("version", "1")]) == incompatibility("swift", []) == ""
    True
    """
    said = "1" if not declared else dict(declared).get("version", "")
    if len(declared) > 1 or not _VERSION.fullmatch(said):
        shown = ", ".join(f"{name} = {value}"[:_LONGEST] for name, value in declared[:3])
        rule = f"says in {API_GROUP} that it was written for {shown!r}, which is no version of the plugin API"
        return Incompatibility(f'{rule}: its authors can mend it, with `version = "{PLUGIN_API}"`')
    if int(said) in PLUGIN_APIS:
        return Incompatibility()
    newer = int(said) > max(PLUGIN_APIS)
    what = "upgrade optiplug-core" if newer else f"install a newer version of {distribution}"
    have = " and ".join(map(str, PLUGIN_APIS))
    rule = f"was written for version {said} of the plugin API, and this optiplug has version {have}"
    return Incompatibility(f"{rule}: {what}")
