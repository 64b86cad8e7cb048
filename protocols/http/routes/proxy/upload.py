"""The content of a request on its way to the origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.body import BodyStream
from protocols.http.errors import HTTPError


@implementer(IPushProducer)
class Upload:
    """Writes `body` to `transport`, framed, at the speed at which the origin reads.

    :param done: is called once: with ``None`` when everything is written, else with why it cannot be.
        Not after :meth:`stop`.
    :param moved: is called when something has been written, or may be again.

    .. attribute:: paused

       Whether the origin does not read.

    .. attribute:: over

       Whether nothing more is written.
    """

    def __init__(
        self,
        body: BodyStream,
        transport: Any,
        *,
        done: Callable[[BaseException | None], None],
        moved: Callable[[], None],
    ) -> None:
        self._body = body
        self._left = body.length
        self._transport = transport
        self._done = done
        self._moved = moved
        self._registered = False
        self.paused = False
        self.over = False

    def start(self, head: bytes) -> None:
        """Send `head` and the content behind it."""
        piece: bytes | Deferred[bytes | None] | None = None
        try:
            piece = self._body.read()
        except Exception as error:  # noqa: BLE001 - whatever ends the content ends the request
            self._end(error)
            return
        if type(piece) is bytes and self._left == len(piece):
            # The usual case: little content, and all of it here.
            self._transport.write(head + piece)
            self._end(None)
            return
        self._transport.registerProducer(self, True)
        self._registered = True
        self._transport.write(head)
        if isinstance(piece, Deferred):
            piece.addCallbacks(self._take, self._fail)
        else:
            self._take(piece)

    def pauseProducing(self) -> None:
        self.paused = True
        self._moved()

    def resumeProducing(self) -> None:
        self._moved()
        if self.paused and not self.over:
            self.paused = False
            self._read()

    def stopProducing(self) -> None:
        """The connection says so itself."""

    def stop(self) -> None:
        """Write nothing more."""
        if not self.over:
            self.over = True
            self._unregister()

    def _read(self) -> None:
        while not (self.paused or self.over):
            try:
                piece = self._body.read()
            except Exception as error:  # noqa: BLE001 - as above
                self._end(error)
                return
            if isinstance(piece, Deferred):
                piece.addCallbacks(self._take, self._fail)
                return
            self._write(piece)

    def _take(self, piece: bytes | None) -> None:
        self._write(piece)
        self._read()

    def _fail(self, failure: Failure) -> None:
        assert failure.value is not None
        self._end(failure.value)

    def _write(self, piece: bytes | None) -> None:
        if self.over:
            return
        if piece is None:
            if self._left:
                self._end(HTTPError(400, "The content is shorter than its length says"))
                return
            if self._left is None:
                self._transport.write(b"0\r\n\r\n")
            self._end(None)
        elif self._left is None:
            if piece:
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        else:
            self._left -= len(piece)
            if self._left < 0:
                self._end(HTTPError(400, "The content is longer than its length says"))
                return
            self._transport.write(piece)
        self._moved()

    def _end(self, error: BaseException | None) -> None:
        if not self.over:
            self.over = True
            self._unregister()
            self._done(error)

    def _unregister(self) -> None:
        if self._registered:
            self._registered = False
            self._transport.unregisterProducer()
