"""The one error that ends a benchmark run."""


class BenchmarkError(Exception):
    """No result can be had; the message says why, and is all the person at the terminal needs."""
