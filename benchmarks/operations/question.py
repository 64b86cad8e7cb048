"""What the load asks, and how it knows that the answer is right."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from operations.tally import Tally

HOST = "127.0.0.1"
SIZE = 64
# For a connection, and for what is not answered yet when the load is over.
PATIENCE = 5.0

Now: TypeAlias = Callable[[], Tally]
"""Where to note what is asked now."""


@dataclass(frozen=True, slots=True)
class Question:
    """One message that was due, and the tally of the time in which it was."""

    text: bytes
    due: float
    tally: Tally

    @classmethod
    def number(cls, number: int, tally: Tally) -> Question:
        """One of which there is no other."""
        tally.asked += 1
        return cls(b"message %d " % number + b"m" * (SIZE - 20), time.perf_counter(), tally)

    def hear(self, answer: bytes) -> None:
        """Note what came back: ``VERSION TEXT``, the text in upper case."""
        version, _, text = answer.partition(b" ")
        is_right = text == self.text.upper() and version.isdigit()
        self.tally.note(time.perf_counter() - self.due, is_right=is_right)
        if is_right:
            self.tally.newest = max(self.tally.newest, int(version))

    def lose(self) -> None:
        """Note that it was sent, and no answer comes any more."""
        self.tally.unanswered += 1

    def drop(self) -> None:
        """Note that it cannot be sent."""
        self.tally.unsent += 1


class Client(Protocol):
    """Somebody who asks one service."""

    async def start(self) -> None:
        """Be ready to ask; raises :class:`OSError`."""

    def ask(self) -> None:
        """Ask now, without waiting for the answer."""

    async def stop(self) -> None:
        """Wait for what is not answered yet, and go."""
