"""A client of a shared program, as its process sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from protocols.session import Peer


class Client(Protocol):
    """Whatever carries it.

    .. attribute:: number

       What its process calls it; 0 for one that no process knows.
    """

    number: int

    @property
    def peer(self) -> Peer: ...

    def admitted(self) -> None:
        """A process knows it from now on, by its number."""

    def hold(self) -> None:
        """It is not read from."""

    def release(self) -> None:
        """Undo :meth:`hold`."""

    def send(self, message: bytes, text: bool) -> None:
        """Send it a message.  Raises :class:`ValueError` if what carries it cannot carry that."""

    def send_many(self, messages: Sequence[bytes], text: bool) -> None:
        """Send it the same list as others, or none of it, where that raises :class:`ValueError`."""

    def part(self, reason: str, *, restarting: bool = False) -> None:
        """Close it once everything is sent.

        :param restarting: whether it may come back at once.
        """
