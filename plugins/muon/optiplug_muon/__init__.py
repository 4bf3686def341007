"""Muon for optiplug: orthogonal steps for matrices."""
