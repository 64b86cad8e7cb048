"""Messages that say first how long they are, in binary."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Literal

from protocols.framing.contract import Decoder, EachByItself, FramingError
from protocols.framing.limit import DEFAULT_LIMIT, check_limit

_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
_ORDERS = {"big": ">", "little": "<"}


@dataclass(frozen=True, slots=True)
class Length(EachByItself):
    """Each message has its length in front of it, as a binary number::

        |<--- offset --->|<-- size -->|                    |
        +----------------+------------+--------------------+
        | leading bytes  |   number   |      payload       |    on the wire
        +----------------+------------+--------------------+
        |                             |<---- number ------>|    includes_header=False
        |<------------------- number --------------------->|    includes_header=True

        +----------------+--------------------+
        | leading bytes  |      payload       |                 the message
        +----------------+--------------------+
        |<------------ at most limit -------->|

    `size`
        The length of the number itself: 1, 2, 4 or 8 bytes.
    `order`
        Its byte order, ``big`` (network order) or ``little``.
    `includes_header`
        Whether the number counts everything (leading bytes, itself, payload) or the payload only.
    `offset`
        How many bytes stand before the number, such as a type or a magic word.  They stay in front
        of the message; only the number is taken out, and ``encode`` puts it back in.
    `signed`
        Whether the number is in two's complement: one that is negative is then refused as such.
    `limit`
        The longest message accepted, in bytes: leading bytes and payload.

    Raises :class:`ValueError` for another size or order, a negative offset, or a limit below 1 or
    below the offset.
    """

    size: Literal[1, 2, 4, 8] = 4
    order: Literal["big", "little"] = "big"
    includes_header: bool = False
    offset: int = 0
    signed: bool = False
    limit: int = DEFAULT_LIMIT
    _format: str = field(init=False, repr=False, compare=False)
    _counted: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.size not in _CODES:
            raise ValueError(f"the size of a length is 1, 2, 4 or 8 bytes, not {self.size}")
        if self.order not in _ORDERS:
            raise ValueError(f"the order of a length is big or little, not {self.order!r}")
        if self.offset < 0:
            raise ValueError(f"the offset of a length cannot be negative ({self.offset})")
        check_limit(self.limit)
        if self.offset > self.limit:
            raise ValueError(
                f"a message begins with the {self.offset} bytes before its length, "
                f"so a limit of {self.limit} lets none through"
            )
        code = _CODES[self.size]
        code = code if self.signed else code.upper()
        object.__setattr__(self, "_format", _ORDERS[self.order] + code)
        # What the number says beyond the length of the message.
        counted = self.size if self.includes_header else -self.offset
        object.__setattr__(self, "_counted", counted)

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""
        return LengthDecoder(self, struct.Struct(self._format))

    def encode(self, message: bytes) -> bytes:
        """`message` with its length put in, after the first `offset` bytes.

        Raises :class:`ValueError` if the message is shorter than `offset`, or its length does not
        fit into `size` bytes.
        """
        offset = self.offset
        length = len(message)
        if length < offset:
            raise ValueError(
                f"a message must begin with the {offset} bytes that stand before its length; "
                f"it has {length} in all"
            )
        try:
            number = struct.pack(self._format, length + self._counted)
        except struct.error:
            raise ValueError(
                f"a message of {length} bytes is too long for a length of {self.size} bytes"
            ) from None
        if offset:
            return message[:offset] + number + message[offset:]
        return number + message


class LengthDecoder:
    """Cuts a stream where binary lengths say.  Holds less than one frame, its header included."""

    __slots__ = (
        "_header",
        "_held",
        "_included",
        "_limit",
        "_longest",
        "_needed",
        "_offset",
        "_read",
    )

    def __init__(self, framing: Length, number: struct.Struct) -> None:
        self._read = number.unpack_from
        self._offset = framing.offset
        self._header = framing.offset + framing.size
        self._included = self._header if framing.includes_header else 0
        self._limit = framing.limit
        self._longest = framing.limit - framing.offset
        self._held = bytearray()
        # Bytes that must be held before there is anything to do: a header, then a whole frame.
        self._needed = self._header

    @property
    def partial(self) -> int:
        """Bytes held of a message that is not complete yet, its header included."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete, in order.

        Raises :class:`FramingError` as soon as a length is read that is negative, less than the
        header it includes, or more than the limit.
        """
        held = self._held
        if held:
            if len(held) + len(data) < self._needed:
                held += data
                return []
            data = b"".join((held, data))
            held.clear()
        read, offset, header = self._read, self._offset, self._header
        included, longest = self._included, self._longest
        messages: list[bytes] = []
        start, end = 0, len(data)
        needed = header
        while end - start >= header:
            (number,) = read(data, start + offset)
            payload = start + header
            stop = payload + number - included
            if not payload <= stop <= payload + longest:
                raise self._fault(number, messages)
            if stop > end:
                needed = stop - start
                break
            if offset:
                messages.append(data[start : start + offset] + data[payload:stop])
            else:
                messages.append(data[payload:stop])
            start = stop
        if start < end:
            held += data[start:]
            self._needed = needed
        return messages

    def _fault(self, number: int, messages: list[bytes]) -> FramingError:
        if number < 0:
            text = f"a length is negative ({number})"
        elif number < self._included:
            text = f"a length of {number} is less than the {self._included} bytes of its header"
        else:
            text = f"a length of {number} makes a message longer than its limit of {self._limit}"
            text += " bytes"
        return FramingError(text, messages)

    def finish(self) -> None:
        """The stream has ended.  Raises :class:`FramingError` if it ended inside a frame."""
        if self._held:
            what = "message" if len(self._held) >= self._header else "header"
            raise FramingError(f"the stream ended inside a {what}: {len(self._held)} bytes of {self._needed}")
