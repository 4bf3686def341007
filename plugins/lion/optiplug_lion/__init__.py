"""Lion for optiplug."""
