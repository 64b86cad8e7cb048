"""How long a program that has ended is left alone before it is started anew."""

from __future__ import annotations

import random
from typing import Final

from protocols.handlers.program.doubling import Doubling

FIRST: Final = 0.1
"""Seconds: the clients of a program that has an accident now and then hardly notice."""

LONGEST: Final = 30.0
"""Seconds: how long nobody is served at most once whatever was wrong has gone."""

STEADY: Final = 10.0
"""Seconds that one has to run for its end to be an accident: what is wrong with its start shows sooner."""


class Respite:
    """Twice as long each time, until one has run for a while; less by up to a third, so that several programs
    that ended together do not start together."""

    def __init__(self) -> None:
        self._waits = Doubling(FIRST, LONGEST)

    def after(self, age: float) -> float:
        """Seconds to wait once one has ended that ran for `age` seconds; 0 if it did not start."""
        if age >= STEADY:
            self._waits.reset()
        return self._waits.next() * random.uniform(2 / 3, 1)  # noqa: S311 - nobody gains by guessing it
