"""Plugins by name: what the metadata of installed distributions offers, and what was imported of it.

Imports `errors` and nothing of TensorFlow; `optiplug.registry` is the public door.
"""
