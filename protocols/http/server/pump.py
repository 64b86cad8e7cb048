"""From a source to a consumer, at the speed at which the consumer takes it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.http.source import Source


@implementer(IPushProducer)
class Pump:
    """Reads `source` piece by piece, a piece per turn of the reactor, and closes it at the end.

    :param write: takes a piece; an empty one says that the body has begun.  What does not fit raises
        :class:`ValueError`, which ends it.
    :param done: is called once, with ``None`` at the end or with the error that stopped it; not after
        :meth:`stopProducing`.
    :param paused: whether the consumer wants to wait already.
    """

    def __init__(
        self,
        source: Source,
        *,
        write: Callable[[bytes], None],
        done: Callable[[BaseException | None], None],
        clock: IReactorTime,
        paused: bool,
    ) -> None:
        self._source = source
        self._write = write
        self._done = done
        self._clock = clock
        self._paused = paused
        self._come = self._take_and_read if source.follows else self._take
        self._reading = False
        self._over = False
        self._next: IDelayedCall | None = None

    def start(self) -> None:
        """Read the first piece, if the consumer takes one."""
        if not self._paused:
            self._read()

    def pauseProducing(self) -> None:
        self._paused = True
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def resumeProducing(self) -> None:
        self._paused = False
        self._go_on()

    def stopProducing(self) -> None:
        """The consumer is gone."""
        if not self._over:
            self.pauseProducing()
            self._over = True
            self._source.close()

    def _go_on(self) -> None:
        if not (self._paused or self._over or self._reading or self._next is not None):
            self._next = self._clock.callLater(0, self._read)

    def _read(self) -> None:
        self._next = None
        self._reading = True
        try:
            piece = self._source.read()
        except BaseException as error:  # noqa: BLE001 - whatever a source raises ends the response
            self._end(error)
            return
        if isinstance(piece, Deferred):
            piece.addCallbacks(self._come, self._fail)
        else:
            self._take(piece)

    def _take(self, piece: bytes | None) -> None:
        self._pass_on(piece)
        self._go_on()

    def _take_and_read(self, piece: bytes | None) -> None:
        self._pass_on(piece)
        if not (self._paused or self._over or self._next is not None):
            self._read()

    def _pass_on(self, piece: bytes | None) -> None:
        self._reading = False
        if self._over:
            return
        if piece is None:
            self._end(None)
            return
        try:
            self._write(piece)
        except Exception as error:  # noqa: BLE001 - such as a piece that is no bytes
            self._end(error)

    def _fail(self, failure: Failure) -> None:
        if not self._over:
            self._end(failure.value)

    def _end(self, error: BaseException | None) -> None:
        self._over = True
        self._source.close()
        self._done(error)
