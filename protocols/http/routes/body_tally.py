"""The bytes of a body against the length that an application has announced for it."""

from __future__ import annotations

from collections.abc import Callable

from protocols.session import ForeseenError


class BodyTally:
    """Counts what is written, and cuts it at `length`, if there is one.

    :param report: hears, once, that there is more.
    """

    __slots__ = ("_length", "_report", "_surplus", "sent")

    def __init__(self, length: int | None, report: Callable[[BaseException], object]) -> None:
        self.sent = 0
        """Bytes so far, without those that were cut."""
        self._length = length
        self._report = report
        self._surplus = False

    def fitting(self, block: bytes) -> bytes:
        """What may be sent of `block`, which is what comes next."""
        length = self._length
        if length is not None and self.sent + len(block) > length:
            if not self._surplus:
                self._surplus = True
                self._report(ForeseenError(f"the application announced {length} bytes and has more"))
            block = block[: length - self.sent]
        self.sent += len(block)
        return block

    @property
    def is_complete(self) -> bool:
        """Whether everything that was announced is here."""
        return self.sent == self._length

    @property
    def shortfall(self) -> ForeseenError | None:
        """What is to be said of a body that ends here, if it is shorter than was announced."""
        length = self._length
        if length is None or self.sent >= length:
            return None
        return ForeseenError(f"the application announced {length} bytes and sent {self.sent}")
