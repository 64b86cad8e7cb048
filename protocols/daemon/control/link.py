"""A Unix stream socket over which each end calls the methods of the other, and hands over descriptors."""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import (
    IAddress,
    IFileDescriptorReceiver,
    IHalfCloseableProtocol,
    IPushProducer,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.daemon.control.asking import Asking, Ended
from protocols.daemon.control.serving import Descriptors, Methods, Serving
from protocols.daemon.control.wire import DESCRIPTORS, LINE, Call, Message, Stop, WireError, decode, encode
from protocols.daemon.occurrence import Occurrence
from protocols.framing import FramingError, Lines

log = Logger(namespace="polyport")

UNSENT: Final = 2 * LINE
"""Bytes that are kept for an end that does not read; with more, the link is broken off.  Items of streams are
not kept at all (:class:`~protocols.daemon.control.serving.Outlet`)."""

ARRIVED: Final = 4 * DESCRIPTORS
"""Descriptors that may have come before the calls they belong to: they travel with the first bytes that wait
to be sent, and the other end stops to send at 64 of them."""


GONE: Final = "the other end is gone"


class LinkClosedError(ConnectionError):
    """Nobody will answer: the link is closed."""


@implementer(IFileDescriptorReceiver, IHalfCloseableProtocol, IPushProducer)
class Link(Protocol):
    """One end.

    :param methods: what the other end may call.
    """

    transport: Any  # an IUNIXTransport

    def __init__(self, methods: Methods | None = None) -> None:
        self._open = False
        self._why = "the link is not open yet"
        self._paused = False
        self._decoder = Lines("lf", LINE).decoder()
        self._unsent: deque[tuple[bytes, Sequence[int]]] = deque()
        self._unsent_size = 0
        self._arrived: deque[int] = deque()
        self._lent: dict[int, list[int]] = {}
        """By the number of the call, our copies of descriptors, open until they must have been sent."""
        self._asking = Asking(self._send)
        self._serving = Serving(methods or {}, self._reply, self._has_room, self._close_if_done)
        self._heard_all = False
        """Whether the other end says no more."""
        self._closed: Occurrence[None] = Occurrence()

    # What this end may do

    def call(self, do: str, /, descriptors: Sequence[int] = (), **arguments: Any) -> Deferred[Any]:
        """Call the method `do` of the other end.

        `descriptors` stay the caller's, who may close them at once.  Fails with
        :class:`~protocols.daemon.control.operations.OperationError` where the other end says so, with
        :class:`LinkClosedError` where it cannot answer, with :class:`WireError` for what cannot be said.
        """
        try:
            return self._asking.call(do, arguments, descriptors)
        except (LinkClosedError, WireError, OSError):
            return fail(Failure())

    def follow(
        self, do: str, heard: Callable[[Any], object], ended: Ended = lambda error: None, /, **arguments: Any
    ) -> Callable[[], None]:
        """Call the method `do`, which answers with a stream.

        :param heard: is told each item.
        :param ended: is told why there are no more: an error as :meth:`call` fails with, or ``None``.
        :returns: what ends it; after that neither is called.
        """
        try:
            return self._asking.follow(do, arguments, heard, ended)
        except (LinkClosedError, WireError) as error:
            ended(error)
            return lambda: None

    def close(self) -> None:
        """Close the link once everything is sent."""
        if self._open:
            self._shut("the link was closed here")
            self._flush()
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def abort(self) -> None:
        """Close the link at once."""
        if self.transport is not None:
            self._shut("the link was closed here")
            self.transport.abortConnection()

    def when_closed(self) -> Deferred[None]:
        """Fires once the link is closed; its calls have failed by then."""
        return self._closed.when()

    # What the transport tells

    def connectionMade(self) -> None:
        self._open = True
        self.transport.registerProducer(self, True)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """A descriptor has come, with a call that has not come whole yet (IFileDescriptorReceiver)."""
        os.set_inheritable(descriptor, False)
        self._arrived.append(descriptor)
        if len(self._arrived) > ARRIVED:
            self._break("descriptors come without calls")

    def dataReceived(self, data: bytes) -> None:
        fault: Exception | None = None
        try:
            lines: Sequence[bytes] = self._decoder.feed(data)
        except FramingError as error:
            lines, fault = error.messages, error
        try:
            for line in lines:
                self._heard(decode(line))
        except WireError as error:
            fault = error
        if fault is not None:
            self._break(str(fault))

    def _heard(self, message: Message) -> None:
        if not self._open:
            return
        if isinstance(message, Call):
            if message.descriptors > len(self._arrived):
                raise WireError("a call comes without its descriptors")
            came = [self._arrived.popleft() for _ in range(message.descriptors)]
            self._serving.called(message, Descriptors(came))
        elif isinstance(message, Stop):
            self._serving.end(message.id)
        else:
            self._return(self._lent.pop(message.id, ()))
            self._asking.heard(message)

    def readConnectionLost(self) -> None:
        """The other end says no more (IHalfCloseableProtocol); it may still read, as that of a program does
        which asks once: `printf … | nc -N -U …`."""
        self._heard_all = True
        if _hung_up(self.transport.getHandle()):
            self._shut(GONE)
            self.transport.abortConnection()
        else:
            self._asking.lost(LinkClosedError(GONE))
            self._close_if_done()

    def writeConnectionLost(self) -> None:
        """Our side is shut down (IHalfCloseableProtocol), which happens with the whole only."""

    def _close_if_done(self) -> None:
        if self._heard_all and self._serving.is_idle:
            self.close()

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        while self._unsent and not self._paused:
            self._write(*self._unsent_first())

    def stopProducing(self) -> None:
        """The transport is gone; :meth:`connectionLost` follows."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._shut(GONE)
        self._unsent.clear()
        for lent in self._lent.values():
            self._return(lent)
        self._lent.clear()
        self._return(self._arrived)
        self._arrived.clear()
        self._serving.lost()
        self._asking.lost(LinkClosedError(self._why))
        self._closed.happened(None)

    # How it is sent

    def _send(self, message: Call | Stop, descriptors: Sequence[int]) -> None:
        if not self._open or self._heard_all:
            raise LinkClosedError(GONE if self._open else self._why)
        line = encode(message)
        copies: list[int] = []
        try:
            copies.extend(map(os.dup, descriptors))
        except OSError:
            self._return(copies)
            raise
        if copies:
            self._lent[message.id] = copies
        self._put(line, copies)

    def _reply(self, message: Message) -> None:
        if self._open:
            self._put(encode(message), ())

    def _has_room(self) -> bool:
        return self._open and not self._paused

    def _put(self, line: bytes, descriptors: Sequence[int]) -> None:
        if not self._paused:
            self._write(line, descriptors)
            return
        self._unsent.append((line, descriptors))
        self._unsent_size += len(line)
        if self._unsent_size > UNSENT:
            self._break("the other end does not read")

    def _write(self, line: bytes, descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            self.transport.sendFileDescriptor(descriptor)
        self.transport.write(line)

    def _flush(self) -> None:
        while self._unsent:
            self._write(*self._unsent_first())

    def _unsent_first(self) -> tuple[bytes, Sequence[int]]:
        first = self._unsent.popleft()
        self._unsent_size -= len(first[0])
        return first

    def _shut(self, why: str) -> None:
        """Nothing more is said or heard; the first reason stands."""
        if self._open:
            self._why = why
        self._open = False

    def _break(self, why: str) -> None:
        if self._open:
            log.warn("control: a link is broken off: {why}", why=why)
            self._shut(why)
            self.transport.abortConnection()

    @staticmethod
    def _return(descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            os.close(descriptor)


def _hung_up(connection: socket.socket) -> bool:
    """Whether the other end has closed its socket, and not only its writing side."""
    poll = select.poll()
    poll.register(connection, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


class _One(Factory):
    """Makes a protocol that exists."""

    noisy = False

    def __init__(self, link: Link) -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> Link:
        return self._link


def linked(connection: socket.socket, methods: Methods | None, reactor: Any) -> Link:
    """A link over `connection`, one of a socketpair or one that has been connected.

    `connection` is closed: the reactor has a descriptor of its own.

    :param methods: what the other end may call.
    """
    link = Link(methods)
    with connection:
        connection.setblocking(False)
        reactor.adoptStreamConnection(connection.fileno(), socket.AF_UNIX, _One(link))
    return link
