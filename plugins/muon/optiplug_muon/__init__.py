"""Muon for optiplug: orthogonal steps for matrices."""

from typing import TYPE_CHECKING

from optiplug import registry

# For type checkers; what is there is what the entry points offer.
if TYPE_CHECKING:
    from .config import MuonConfig as MuonConfig
    from .muon import Muon as Muon
else:
    __getattr__, __dir__ = registry.lazy_names(__name__)
