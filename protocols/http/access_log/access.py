"""One request that has been answered, or refused."""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols.http.request import RequestHead
from protocols.session import Peer

GIVEN_UP: Final = 499
"""The status of a request whose client left before it was answered; the word is nginx's."""


class Access(NamedTuple):
    """One request that has been answered, or refused."""

    peer: Peer
    """Who asked, with the user if that is known."""
    status: int
    sent: int
    """Bytes of the body of the response."""
    duration: float | None
    """Seconds from the request to the end of the response; ``None`` for one that was not read whole."""
    first: float | None
    """Seconds to the head of the response; ``None`` where there was none."""
    request: RequestHead | None
    """``None`` where it could not be read."""
