"""Tests of what all kinds stand on: names, labels, layers, quantities, hardware, paths, errors, health."""
