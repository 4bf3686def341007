"""Adam and AdamW for optiplug."""
