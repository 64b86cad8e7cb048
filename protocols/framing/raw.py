"""No framing: bytes as they come."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.framing.contract import Decoder, EachByItself
from protocols.framing.limit import DEFAULT_LIMIT, check_limit


@dataclass(frozen=True, slots=True)
class Raw(EachByItself):
    """Whatever one read gave is a message, cut into pieces of at most `limit` bytes.

    Where the pieces begin and end is the network's choice, so this is for handlers that do not
    care: echo, a program's standard input, a byte stream that is passed on.

    Raises :class:`ValueError` for a limit below 1.
    """

    limit: int = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""
        return RawDecoder(self.limit)

    def encode(self, message: bytes) -> bytes:
        """`message` itself; an empty one sends nothing."""
        return message


class RawDecoder:
    """Hands on what it is fed.  Holds nothing."""

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        self._limit = limit

    @property
    def partial(self) -> int:
        """Always 0: every byte is handed on at once."""
        return 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the bytes as one message, or several if they exceed the limit.  Never raises."""
        limit = self._limit
        if len(data) <= limit:
            return [data] if data else []
        return [data[start : start + limit] for start in range(0, len(data), limit)]

    def finish(self) -> None:
        """The stream has ended, which may be anywhere.  Never raises."""
