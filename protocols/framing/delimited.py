"""Messages that each end in the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.framing.contract import Decoder, EachByItself, FramingError
from protocols.framing.limit import DEFAULT_LIMIT, check_limit


@dataclass(frozen=True, slots=True)
class Delimited(EachByItself):
    """Each message is followed by `delimiter`, which the message cannot contain.

    `delimiter` is any byte string but the empty one; `limit` is the longest message accepted, in
    bytes, the delimiter not counted.  A message ends at the first delimiter there is, so with
    ``b"aab"`` the bytes ``b"aaab"`` are the message ``b"a"``.

    Raises :class:`ValueError` for an empty delimiter or a limit below 1.
    """

    delimiter: bytes
    limit: int = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        if not self.delimiter:
            raise ValueError("the delimiter must be at least one byte long")
        check_limit(self.limit)

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""
        return DelimitedDecoder(self.delimiter, self.limit)

    def encode(self, message: bytes) -> bytes:
        """`message` and the delimiter.

        Raises :class:`ValueError` if a reader would find a delimiter before the end: inside the
        message, or where the end of the message and the delimiter overlap.
        """
        framed = message + self.delimiter
        if framed.find(self.delimiter) != len(message):
            raise ValueError(
                f"a message delimited by {self.delimiter!r} cannot contain the delimiter, "
                "nor end so that one begins inside it"
            )
        return framed


class DelimitedDecoder:
    """Cuts a stream at each `delimiter`, and at each `optional` + `delimiter` just the same.

    Holds at most `limit` bytes and what may be the beginning of an ending.
    """

    __slots__ = ("_delimiter", "_held", "_limit", "_longest_held", "_optional", "_overlap")

    def __init__(self, delimiter: bytes, limit: int, optional: bytes = b"") -> None:
        self._delimiter = delimiter
        self._optional = optional
        self._limit = limit
        self._longest_held = limit + len(optional + delimiter) - 1
        # Bytes on either side of the seam between two reads that one delimiter can reach.
        self._overlap = len(delimiter) - 1
        self._held = bytearray()

    @property
    def partial(self) -> int:
        """Bytes held of a message that is not complete yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete, in order.

        Raises :class:`FramingError` for a message longer than the limit.
        """
        received = len(data)
        delimiter = self._delimiter
        held = self._held
        if held:
            # What is held has no delimiter in it: only the new bytes and the seam are looked at,
            # and what is held is copied once, when its message is complete.
            overlap = self._overlap
            if delimiter not in data and not (overlap and delimiter in held[-overlap:] + data[:overlap]):
                if len(held) + received > self._longest_held:
                    raise _too_long(self._limit)
                held += data
                return []
            data = b"".join((held, data))
            held.clear()
        messages = data.split(delimiter)
        rest = messages.pop()
        optional = self._optional
        if optional and data.find(optional) >= 0:  # half as dear as `in`
            # Replacing the longer ending first would be up to four times dearer with long lines:
            # finding one byte is a memchr, finding two is not.
            messages = [message.removesuffix(optional) for message in messages]
        # All but the first message lie within the bytes just received.
        if received > self._limit or (messages and len(messages[0]) > self._limit):
            self._check(messages, rest)
        if rest:
            held += rest
        return messages

    def _check(self, messages: list[bytes], rest: bytes) -> None:
        for index, message in enumerate(messages):
            if len(message) > self._limit:
                raise _too_long(self._limit, messages[:index])
        if len(rest) > self._longest_held:
            raise _too_long(self._limit, messages)

    def finish(self) -> None:
        """The stream has ended.  Raises :class:`FramingError` if a message lacks its ending.

        Such a message may have been cut short anywhere, so nobody should act on it.
        """
        if self._held:
            raise FramingError(
                f"the stream ended after {len(self._held)} bytes of a message "
                f"that {self._delimiter!r} should end"
            )


def _too_long(limit: int, messages: list[bytes] | None = None) -> FramingError:
    return FramingError(f"a message is longer than its limit of {limit} bytes", messages or ())
