"""Faults explored, Sieve's way: every fault at every point of a history, each from a saved state."""
