"""The body of a response that is written in the reactor while it is sent."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from protocols.http.body import HELD
from protocols.http.source import PIECE, Source, fulfil


class Outflow(Source):
    """What is written here and the client reads.  Who writes is to pause while it is :attr:`full`.

    :param length: bytes of the whole, where they are known before.
    :param left: is called if the client goes before the end.
    :param drained: is called when it is not full any more, or closed.
    :param hungry: is called when the client waits for more.
    """

    def __init__(
        self,
        length: int | None,
        *,
        left: Callable[[], object],
        drained: Callable[[], object],
        hungry: Callable[[], object] = lambda: None,
    ) -> None:
        self.length = length
        self.closed = False
        """Whether nobody reads it any more."""
        self._left = left
        self._drained = drained
        self._hungry = hungry
        self._pieces: list[bytes] = []
        self._held = 0
        self._over = False
        self._error: BaseException | None = None
        self._waiting: Deferred[bytes | None] | None = None

    # -- the writer's side ---------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether as much is unread as should be."""
        return self._held >= HELD and not self.closed

    @property
    def hungers(self) -> bool:
        """Whether the client waits for more."""
        return self._waiting is not None

    def begin(self) -> None:
        """Let the head of the response go, though nothing of the body is here."""
        if not self._pieces:
            self._pieces.append(b"")
            self._wake()

    def put(self, block: bytes) -> None:
        """Send `block`, whether or not there is room for it."""
        if self.closed:
            return
        for start in range(0, len(block), PIECE):
            self._pieces.append(block[start : start + PIECE])
        self._held += len(block)
        self._wake()

    def finish(self, error: BaseException | None = None) -> None:
        """That was all of it, or all that there will be because of `error`."""
        self._over = True
        self._error = error
        self._wake()

    # -- the reader's side ---------------------------------------------------------------------------

    def whole(self) -> bytes:
        """All that is here."""
        return b"".join(self._pieces)

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._pieces:
            return self._take()
        if self._over:
            if self._error is not None:
                raise self._error
            return None
        self._waiting = waiting = Deferred[bytes | None]()
        self._hungry()
        return waiting

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._pieces.clear()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
        if not self._over:
            self._left()
        self._drained()

    def _take(self) -> bytes:
        """Many small pieces at a time, or one that is large."""
        size = count = 0
        for piece in self._pieces:
            size += len(piece)
            count += 1
            if size >= PIECE:
                break
        taken = self._pieces[:count]
        del self._pieces[:count]
        was_full = self.full
        self._held -= size
        if was_full and not self.full:
            self._drained()
        return taken[0] if count == 1 else b"".join(taken)

    def _wake(self) -> None:
        waiting = self._waiting
        if waiting is None or self.closed or not (self._pieces or self._over):
            return
        self._waiting = None
        fulfil(waiting, self)
