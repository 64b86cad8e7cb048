"""The body of a response, written in a thread while it is sent."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition

from twisted.internet.defer import Deferred

from protocols.http.body import HELD
from protocols.http.source import PIECE, Source, fulfil


class Outflow(Source):
    """What a thread writes and the client reads; the thread waits while :data:`HELD` bytes are unread.

    However many pieces are written before the reactor comes to look, it is told once.

    :param length: bytes of the whole, where they are known before.
    :param in_reactor: calls a function in the reactor's thread.
    """

    def __init__(self, length: int | None, in_reactor: Callable[..., object]) -> None:
        self.length = length
        self.left: Callable[[], object] = lambda: None
        """Is called if the client goes before the end."""
        self._in_reactor = in_reactor
        self._changed = Condition()  # guards the next six
        self._pieces: list[bytes] = []
        self._held = 0
        self._over = False
        self._error: BaseException | None = None
        self._closed = False
        self._told = True  # somebody will come to read first of all
        self._waiting: Deferred[bytes | None] | None = None

    # -- in the writer's thread ----------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether nobody reads it any more."""
        return self._closed

    def write(self, block: bytes) -> bool:
        """Send `block`, once there is room for it; whether there is anybody to read it."""
        return all(self._write(block[start : start + PIECE]) for start in range(0, len(block), PIECE))

    def finish(self, error: BaseException | None = None) -> bool:
        """That was all of it, or all that there will be because of `error`; whether anybody hears that."""
        with self._changed:
            if self._closed or self._over:
                return False
            self._over = True
            self._error = error
            tell, self._told = not self._told, True
        if tell:
            self._in_reactor(self._wake)
        return True

    def _write(self, piece: bytes) -> bool:
        with self._changed:
            while self._held >= HELD and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            self._pieces.append(piece)
            self._held += len(piece)
            tell, self._told = not self._told, True
        if tell:
            self._in_reactor(self._wake)
        return True

    # -- in the reactor's thread ---------------------------------------------------------------------

    def whole(self) -> bytes | None:
        """All of it, if that is here and has ended well."""
        with self._changed:
            return b"".join(self._pieces) if self._over and self._error is None else None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        with self._changed:
            self._told = False
            if self._pieces:
                return self._take()
            if self._over:
                if self._error is not None:
                    raise self._error
                return None
            self._waiting = Deferred()
            return self._waiting

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._pieces.clear()
            self._changed.notify_all()
            over = self._over
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
        if not over:
            self.left()

    def _take(self) -> bytes:
        pieces, self._pieces, self._held = self._pieces, [], 0
        self._changed.notify_all()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _wake(self) -> None:
        """Something has been written since it was last looked at."""
        waiting, self._waiting = self._waiting, None
        if waiting is None or self._closed:
            return
        fulfil(waiting, self)
