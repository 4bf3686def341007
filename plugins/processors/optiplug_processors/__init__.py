"""The standard processors; each is found by its registered name, and this package imports none of them."""
