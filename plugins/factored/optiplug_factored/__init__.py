"""Adafactor and SM3 for optiplug: optimizers with little state."""
