"""What goes one way between the two connections of a relay."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from protocols.handlers.forward.relay.end import End
from protocols.handlers.forward.relay.pipe import SIZE, Pipe

if TYPE_CHECKING:
    from protocols.handlers.forward.relay.relay import Relay

BUFFER: Final = 64 * 1024
"""Bytes that are read at a time; whoever had as many goes on by a pipe."""

TURNS: Final = 16
"""Reads of one connection before others have their turn."""

_FLAGS: Final = 1 | 2
"""``SPLICE_F_MOVE`` and ``SPLICE_F_NONBLOCK`` (splice(2))."""

UNABLE: Final = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What the kernel says that cannot move bytes between descriptors of this kind."""

_buffer = memoryview(bytearray(BUFFER))
"""What is read goes on before anybody else reads, so one is enough for all."""


class Flow:
    """From `source` to `sink`.

    What the sink does not take is kept, :data:`BUFFER` bytes or one pipe full at most, and nothing is read
    meanwhile.

    .. attribute:: size

       Bytes that came.

    .. attribute:: gone

       Bytes that went on.

    .. attribute:: is_over

       Whether its end has been passed on, or nobody takes more.
    """

    __slots__ = (
        "_ended",
        "_full",
        "_pipe",
        "_piped",
        "_relay",
        "_rest",
        "gone",
        "is_over",
        "sink",
        "size",
        "source",
    )

    def __init__(self, relay: Relay, source: End, sink: End, first: bytes = b"") -> None:
        self._relay = relay
        self.source = source
        self.sink = sink
        self.size = 0
        self.gone = -len(first)
        self.is_over = False
        self._rest: bytes | memoryview = first
        self._pipe: Pipe | None = None
        self._piped = 0
        self._full = False
        self._ended = False

    @property
    def is_waiting(self) -> bool:
        """Whether the sink does not take what there is."""
        return bool(self._rest or self._piped)

    def pull(self) -> None:
        """Pass on what there is at the source."""
        for _ in range(TURNS):
            try:
                size = self._splice() if self._full else self._receive()
            except BlockingIOError:
                break
            except OSError as error:
                self._relay.broken(error)
                return
            if not size:
                self.end()
                return
            self.size += size
            self._relay.moved()
            if not self._passed_on():
                return
            if size < BUFFER:
                break  # there is no more, most likely, and the reactor will know
        self._spare_pipe()
        self.source.read(True)

    def start(self) -> None:
        """Pass on what there is at first, and what is at the source already."""
        if self._passed_on():
            self.pull()

    def push(self) -> None:
        """Pass on what was kept."""
        self._relay.moved()
        self.start()

    def end(self) -> None:
        """Nothing comes any more: when all has gone on, so does that."""
        if self._ended or self.is_over:
            return
        self._ended = True
        self.source.read(False)
        if not self.is_waiting:
            self._finish()

    def drop(self) -> None:
        """Nobody takes more."""
        self.source.read(False)
        self.sink.write(False)
        self._ended = self.is_over = True
        self.close()

    def close(self) -> None:
        """Forget what is still there."""
        self._rest = b""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            if self._piped:
                self._piped = 0
                pipe.close()
            else:
                self._relay.pipes.give_back(pipe)

    # ------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        self.is_over = True
        self._spare_pipe()
        self._relay.finished(self)

    def _receive(self) -> int:
        size = self.source.socket.recv_into(_buffer)
        self._rest = _buffer[:size]
        self._full = size == BUFFER
        return size

    def _splice(self) -> int:
        pipes = self._relay.pipes
        if self._pipe is None:
            self._pipe = pipes.take()
            if self._pipe is None:
                return self._receive()
        try:
            size = os.splice(self.source.fileno(), self._pipe.sink, SIZE, flags=_FLAGS)
        except OSError as error:
            if error.errno not in UNABLE:
                raise
            pipes.works = False
            return self._receive()
        self._piped = size
        self._full = size >= BUFFER
        return size

    def _passed_on(self) -> bool:
        """Whether all has gone on that was kept; if not, it will be when the sink takes more."""
        sink, relay = self.sink, self._relay
        try:
            while self._rest or self._piped:
                if self._rest:
                    sent = sink.socket.send(self._rest)
                    self._rest = self._rest[sent:]
                else:
                    sent = self._unpipe(sink)
                self.gone += sent
        except BlockingIOError:
            self._rest = bytes(self._rest)
            self.source.read(False)
            sink.write(True)
            return False
        except BrokenPipeError:
            relay.cut(self)
            return False
        except OSError as error:
            relay.broken(error)
            return False
        sink.write(False)
        if self._ended:
            self._finish()
            return False
        return True

    def _unpipe(self, sink: End) -> int:
        assert self._pipe is not None
        try:
            sent = os.splice(self._pipe.source, sink.fileno(), self._piped, flags=_FLAGS)
        except OSError as error:
            if error.errno not in UNABLE:
                raise
            self._relay.pipes.works = False
            self._rest = os.read(self._pipe.source, BUFFER)
            self._piped -= len(self._rest)
            return 0
        self._piped -= sent
        return sent

    def _spare_pipe(self) -> None:
        """Whoever needs a pipe next may have this one, for it is empty."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            self._relay.pipes.give_back(pipe)
