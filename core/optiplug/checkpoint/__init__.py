"""Checkpoints that are complete or absent, of runs that have one writer."""
