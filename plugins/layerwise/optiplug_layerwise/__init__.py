"""LAMB and LARS for optiplug: steps in proportion to each layer."""
