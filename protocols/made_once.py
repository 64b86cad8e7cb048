"""What is made of messages that many connections send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

Made = TypeVar("Made")

KEPT: Final = 8
"""Lists of which it is remembered what was made: as many as one service commonly sends by turns, such as the
same messages in each form."""


class MadeOnce(Generic[Made]):
    """Makes of each list of messages by `make` what is asked for, and remembers it for the last of them.

    A list is known by its identity, and must not be changed.
    """

    __slots__ = ("_kept", "_made", "_make", "_messages")

    def __init__(self, make: Callable[[Sequence[bytes]], Made]) -> None:
        self._make = make
        self._messages: Sequence[bytes] | None = None
        self._made: Made
        self._kept: dict[int, tuple[Sequence[bytes], Made]] = {}  # they are held, so that no id comes twice

    def of(self, messages: Sequence[bytes]) -> Made:
        """What is made of `messages`."""
        if messages is not self._messages:
            found = self._kept.get(id(messages))
            if found is None:
                found = messages, self._make(messages)
                if len(self._kept) >= KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[id(messages)] = found
            self._messages, self._made = found
        return self._made
