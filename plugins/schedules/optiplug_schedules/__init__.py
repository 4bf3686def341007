"""Schedules for optiplug: `configs` says what can be configured, the module of the same name computes it."""
