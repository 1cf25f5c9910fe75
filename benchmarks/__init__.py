"""Benchmarks: `./dev bench`, or `python -m benchmarks [NAME…]`. Ratios of one run count; the machine is noisy."""
