"""What an exchange wants of the connection, or HTTP/2 stream, that it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from protocols.http.response import Response
    from protocols.http.server.exchange import Exchange
    from protocols.http.upgrade import Upgrade


class Carrier(Protocol):
    """One request's way in and its response's way out."""

    @property
    def blocked(self) -> bool:
        """Whether the client does not read what was written."""

    def go_on(self, exchange: Exchange) -> None:
        """The content is wanted: tell a client that waits for it (status 100)."""

    def taken(self, exchange: Exchange) -> None:
        """Some of the content that was held has been read."""

    def answer(self, exchange: Exchange, response: Response, content: bytes) -> None:
        """Send the whole of `response`, of which `content` is the body, and that is the end of it."""

    def begin(self, exchange: Exchange, response: Response, length: int | None) -> None:
        """Send the head of `response`, whose body follows: `length` bytes, where that is known."""

    def write(self, exchange: Exchange, piece: bytes) -> None:
        """Send some of the body."""

    def finish(self, exchange: Exchange) -> None:
        """That was all of it."""

    def reset(self, exchange: Exchange) -> None:
        """The body cannot be sent whole: let the client notice."""

    def tunnel(self, exchange: Exchange, upgrade: Upgrade) -> None:
        """Answer with another protocol, whose bytes follow."""
