"""Schedule-free AdamW and SGD for optiplug."""
