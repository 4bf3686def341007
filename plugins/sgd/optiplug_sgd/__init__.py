"""Gradient descent with momentum: a plugin of optiplug."""
