"""Descriptors that are on their way to a program."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress


def close_all(descriptors: Iterable[int]) -> None:
    """Nobody will use them."""
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)
