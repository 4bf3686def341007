"""Ten small problems with one difficulty each, which an optimizer passes or fails."""
