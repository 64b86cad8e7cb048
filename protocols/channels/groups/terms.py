"""How messages are shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEADLINE: Final = 30.0
"""Seconds in which a member has to say that it has dealt with a message: as long as people wait."""

TRIES: Final = 5
"""How often a message is handed out before it is given up: what fails so often fails for a reason."""

INFLIGHT: Final = 16
"""Messages that one member has at a time: enough that it never waits, few enough that others get some."""


@dataclass(frozen=True, slots=True)
class GroupTerms:
    """How messages are handed out to the members of one group."""

    deadline: float = DEADLINE
    """Seconds after which a message that was not settled is handed out again."""
    tries: int = TRIES
    """How often one is handed out before it is given up; 0: for ever."""
    inflight: int = INFLIGHT
    """Messages that a member has at a time, at most."""
