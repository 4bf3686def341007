"""A different optimizer for each group of variables, for optiplug."""
