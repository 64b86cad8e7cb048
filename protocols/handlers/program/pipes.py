"""The ends of pipes, in the reactor."""

from __future__ import annotations

import os
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor, IWriteDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

PIECE: Final = 64 * 1024
"""Bytes read at a time: what a pipe of Linux holds."""


class PipeEnd:
    """A descriptor in the reactor, which it owns.

    What the reactor says of it is asked of the kernel again: an event may be of another descriptor that had
    the same number until a moment ago, as in a burst of short programs it does.
    """

    def __init__(self, descriptor: int, reactor: Any) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._reactor = reactor

    @property
    def closed(self) -> bool:
        return self._descriptor == -1

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return type(self).__name__

    def _close(self) -> None:
        if self._descriptor != -1:
            self._reactor.removeReader(self)
            self._reactor.removeWriter(self)
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


@implementer(IReadDescriptor)
class PipeReader(PipeEnd):
    """What a program writes, read when somebody asks for it; else the program waits.

    .. attribute:: over

       Whether nothing more comes.

    .. attribute:: changed_at

       When it was last asked for something or, where it is over, ended; the reactor's seconds.
    """

    def __init__(self, descriptor: int, reactor: Any) -> None:
        super().__init__(descriptor, reactor)
        self.over = False
        self.changed_at: float = reactor.seconds()
        self.on_over: Any = None
        """Is called, without arguments, once it is over."""
        self._waiting: Deferred[bytes | None] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether somebody has asked and got nothing yet."""
        return self._waiting is not None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        """The next piece, now or later; ``None`` at the end."""
        piece = self.read_now()
        if piece is None:
            self.changed_at = self._reactor.seconds()
            self._waiting = Deferred(self._cancelled)
            self._reactor.addReader(self)
            return self._waiting
        return piece or None

    def read_now(self) -> bytes | None:
        """What is there; nothing at the end; ``None`` if there is nothing yet."""
        return b"" if self.over else self._take()

    def close(self) -> None:
        """Nothing more is wanted: a program that writes on gets SIGPIPE.  Who waits gets ``None``."""
        self._end()
        self._answer(None)

    def doRead(self) -> None:
        piece = None if self.over else self._take()
        if piece is not None:
            self._answer(piece or None)

    def connectionLost(self, reason: Failure) -> None:
        self.doRead()
        if self._waiting is not None:
            self._reactor.addReader(self)

    def _take(self) -> bytes | None:
        try:
            piece = os.read(self._descriptor, PIECE)
        except BlockingIOError:
            return None
        if not piece:
            self._end()
        return piece

    def _answer(self, piece: bytes | None) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._reactor.removeReader(self)
            waiting.callback(piece)

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self.changed_at = self._reactor.seconds()
            self._close()
            if self.on_over is not None:
                self.on_over()

    def _cancelled(self, waiting: Deferred[bytes | None]) -> None:
        self._waiting = None
        self._reactor.removeReader(self)


@implementer(IWriteDescriptor)
class PipeWriter(PipeEnd):
    """What a program reads.

    .. attribute:: changed_at

       When the program last took something, or it was closed; the reactor's seconds.
    """

    def __init__(self, descriptor: int, reactor: Any) -> None:
        super().__init__(descriptor, reactor)
        self.changed_at: float = reactor.seconds()
        self._left = memoryview(b"")
        self._waiting: Deferred[None] | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the program has not taken what was written."""
        return self._waiting is not None

    def write(self, octets: bytes) -> Deferred[None] | None:
        """Write all of `octets`, now or later, before anything else is written.

        Raises, or fails with, :class:`BrokenPipeError` if the program reads no more.
        """
        if self.closed:
            raise BrokenPipeError
        self._left = memoryview(octets)
        self._push()
        if not self._left:
            return None
        self._waiting = Deferred(self._cancelled)
        self._reactor.addWriter(self)
        return self._waiting

    def close(self) -> None:
        """Nothing more is written; the program sees the end of its input."""
        if self.closed:
            return
        self.changed_at = self._reactor.seconds()
        self._left = memoryview(b"")
        self._close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.errback(BrokenPipeError())

    def doWrite(self) -> None:
        if self._waiting is None:
            return
        try:
            self._push()
        except BrokenPipeError:
            return
        if not self._left:
            self._reactor.removeWriter(self)
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                waiting.callback(None)

    def connectionLost(self, reason: Failure) -> None:
        self.doWrite()
        if self._waiting is not None:
            self._reactor.addWriter(self)

    def _push(self) -> None:
        try:
            written = os.write(self._descriptor, self._left)
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.close()
            raise
        self._left = self._left[written:]
        self.changed_at = self._reactor.seconds()

    def _cancelled(self, waiting: Deferred[None]) -> None:
        self._waiting = None
        self._left = memoryview(b"")
        self._reactor.removeWriter(self)
