"""Optimizers and processors from papers, for optiplug: one file each."""
