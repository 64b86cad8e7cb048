"""Messages that say first how long they are, in decimal."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.framing.contract import Decoder, EachByItself, FramingError
from protocols.framing.limit import DEFAULT_LIMIT, check_limit

_COMMA = ord(",")
_ZERO = ord("0")


@dataclass(frozen=True, slots=True)
class Netstring(EachByItself):
    """Each message is a netstring: ``5:hello,`` (D. J. Bernstein, *Netstrings*, 1997).

    The length is decimal, without a sign and without leading zeros; ``0:,`` is the empty message.
    `limit` is the longest message accepted, in bytes; a length cannot have more digits than it.

    Raises :class:`ValueError` for a limit below 1.
    """

    limit: int = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""
        return NetstringDecoder(self.limit)

    def encode(self, message: bytes) -> bytes:
        """`message` as a netstring; there is none that cannot be one."""
        return b"%d:%b," % (len(message), message)


class NetstringDecoder:
    """Cuts a stream of netstrings.  Holds less than one netstring."""

    __slots__ = ("_digits", "_held", "_limit", "_needed")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._digits = len(str(limit))
        self._held = bytearray()
        # Bytes that must be held before there is anything to do: one more, then a whole netstring.
        self._needed = 1

    @property
    def partial(self) -> int:
        """Bytes held of a message that is not complete yet, its length included."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete, in order.

        Raises :class:`FramingError` at the first byte that cannot belong to a netstring, and as
        soon as a length is more than the limit.
        """
        held = self._held
        if held:
            if len(held) + len(data) < self._needed:
                held += data
                return []
            data = b"".join((held, data))
            held.clear()
        find, window, limit = data.find, self._digits + 1, self._limit
        messages: list[bytes] = []
        start, end = 0, len(data)
        needed = 0
        while start < end:
            colon = find(b":", start, start + window)
            if colon < 0:
                if fault := self._fault(data[start : start + window]):
                    raise FramingError(fault, messages)
                needed = end - start + 1
                break
            digits = data[start:colon]
            # The conditions of _fault once more: a call would make each message two fifths dearer.
            if (
                not digits.isdigit()
                or (digits[0] == _ZERO and colon - start > 1)
                or (length := int(digits)) > limit
            ):
                raise FramingError(self._fault(digits), messages)
            stop = colon + 1 + length
            if stop >= end:
                needed = stop + 1 - start
                break
            if data[stop] != _COMMA:
                raise FramingError(f"a netstring of {length} bytes has no comma after it", messages)
            messages.append(data[colon + 1 : stop])
            start = stop + 1
        if start < end:
            held += data[start:]
            self._needed = needed
        return messages

    def _fault(self, digits: bytes) -> str:
        """What is wrong with the beginning of a length, or nothing.

        One with too many digits needs no check of its own: it is more than the limit.
        """
        if not digits.isdigit():
            return "a netstring does not begin with its length in decimal digits and a colon"
        if digits[0] == _ZERO and len(digits) > 1:
            return "the length of a netstring has a leading zero"
        if int(digits) > self._limit:
            return f"a netstring is longer than its limit of {self._limit} bytes"
        return ""

    def finish(self) -> None:
        """The stream has ended.  Raises :class:`FramingError` if it ended inside a netstring."""
        if self._held:
            raise FramingError(f"the stream ended after {len(self._held)} bytes of a netstring")
