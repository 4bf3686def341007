"""The commands `optiplug compare`, `find-rate` and `plot`: which optimizer, and at which learning rate."""
