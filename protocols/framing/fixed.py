"""Messages that are all of one size."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.framing.contract import Decoder, EachByItself, FramingError


@dataclass(frozen=True, slots=True)
class Fixed(EachByItself):
    """Each message is exactly `size` bytes, with nothing between them; `size` is the limit as well.

    Raises :class:`ValueError` for a size below 1.
    """

    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"the size of a message must be at least 1 byte, not {self.size}")

    def decoder(self) -> Decoder:
        """A fresh decoder for one connection."""
        return FixedDecoder(self.size)

    def encode(self, message: bytes) -> bytes:
        """`message` itself.  Raises :class:`ValueError` if it is not `size` bytes long."""
        if len(message) != self.size:
            raise ValueError(f"a message must be {self.size} bytes long, not {len(message)}")
        return message


class FixedDecoder:
    """Cuts a stream into pieces of one size.  Holds less than one piece."""

    __slots__ = ("_held", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._held = bytearray()

    @property
    def partial(self) -> int:
        """Bytes held of a message that is not complete yet."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes and return the messages they complete, in order.  Never raises."""
        size = self._size
        held = self._held
        if held:
            if len(held) + len(data) < size:
                held += data
                return []
            data = b"".join((held, data))
            held.clear()
        whole = len(data) - len(data) % size
        messages = [data[start : start + size] for start in range(0, whole, size)]
        if whole < len(data):
            held += data[whole:]
        return messages

    def finish(self) -> None:
        """The stream has ended.  Raises :class:`FramingError` if it ended inside a message."""
        if self._held:
            raise FramingError(
                f"the stream ended after {len(self._held)} of the {self._size} bytes of a message"
            )
