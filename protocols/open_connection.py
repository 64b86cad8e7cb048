"""What can be told of an open connection, and done to it, whatever it carries."""

from __future__ import annotations

from typing import Protocol

from protocols.session import Peer


class OpenConnection(Protocol):
    """One that is open; it keeps nothing for this that it has no other use for."""

    @property
    def peer(self) -> Peer: ...

    @property
    def age(self) -> float:
        """Seconds since it was opened."""

    @property
    def idle(self) -> float:
        """Seconds since something moved, as far as that is known; 0 while an answer is being made."""

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
