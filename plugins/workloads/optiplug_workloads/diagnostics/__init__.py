"""Ten small problems with one difficulty each, which an optimizer passes or fails."""

from .diagnosis import Finding, diagnose, diagnostics, examine

__all__ = ["Finding", "diagnose", "diagnostics", "examine"]
