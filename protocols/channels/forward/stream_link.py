"""One connection on which messages are passed on."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IPullProducer, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.channels.forward.answer import one_line
from protocols.channels.forward.outcome import PASSED, Outcome
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.refusal import REFUSAL
from protocols.framing import FramingError
from protocols.outgoing_reason import why_unreachable

BATCH: Final = 64 * 1024
"""Bytes that are written at a time: what one write to a socket commonly takes."""

LOOK: Final = 0.05
"""Seconds between two looks at what the target's machine has acknowledged.  A message counts as passed on
when it had at the look before: a target that is gone though its machine is there is found out meanwhile."""


class Letter:
    """A message on its way: what is written, and who waits for its outcome."""

    __slots__ = ("end", "octets", "outcome")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.end = 0
        """How many bytes the kernel had taken with it, of all that was ever written to the connection."""
        self.outcome: Deferred[Outcome] = Deferred()


@implementer(IHalfCloseableProtocol, IPullProducer)
class StreamLink(Protocol):
    """Writes letters in order, the next when the kernel has taken those before, and says what becomes of
    each.

    :param on_lost: called when nothing can be sent any more, before any outcome that is bad; perhaps more
        than once.  What :meth:`unsent` gives then has to go elsewhere.
    """

    def __init__(
        self, settings: ForwardSettings, reactor: Any, on_lost: Callable[[StreamLink], object]
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        self._on_lost = on_lost
        self._decoder = settings.framing.decoder()
        self._waiting: deque[Letter] = deque()
        self._handed: list[Letter] = []  # to the transport, and not taken by the kernel
        self._taken: deque[Letter] = deque()  # by the kernel
        self._octets = 0  # of all that it has taken
        self._acknowledged = 0  # of those, by the target's machine
        self._timer: IDelayedCall | None = None
        self._moved = 0.0  # when something last went on
        self._why: Outcome | None = None  # it was given up
        self._is_ending = False  # nothing more is written
        self._lost: Deferred[None] | None = None  # somebody waits for the end
        self._socket: Any = None

    def send(self, letter: Letter) -> None:
        """Write it when it is its turn."""
        if not self.busy:
            self._moved = self._reactor.seconds()
        self._waiting.append(letter)
        if not self._handed and len(self._waiting) == 1:
            # What else is sent in this turn goes with it.
            self._reactor.callLater(0, self._write)
        self._watch()

    @property
    def busy(self) -> bool:
        """Whether it has letters."""
        return bool(self._waiting or self._handed or self._taken)

    def unsent(self) -> list[Letter]:
        """Those, no more of this connection, that it has never written, when it ends in good order."""
        if not self._is_ending or self._handed or self._taken:
            return []  # of one that failed before them, they wait behind it
        letters = list(self._waiting)
        self._waiting.clear()
        return letters

    def close(self) -> Deferred[None]:
        """Close it in good order; no letter is under way."""
        self._lost = Deferred()
        transport: Any = self.transport
        self._socket.unregisterProducer()
        transport.loseConnection()
        return self._lost

    def abort(self, outcome: Outcome | None = None) -> None:
        """Close it at once; the first letter that is under way ends so."""
        if self._why is None:
            self._why = outcome or Outcome("unreachable", "broken off by us")
            transport: Any = self.transport
            transport.abortConnection()

    # -- the transport's side --------------------------------------------------------------------------

    def connectionMade(self) -> None:
        transport: Any = self.transport
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        # Inside of TLS only the socket below knows what the kernel has taken.
        self._socket = transport.transport if isinstance(transport, TLSMemoryBIOProtocol) else transport
        self._socket.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """The kernel has taken everything that was written (IPullProducer)."""
        if self._handed:
            self._moved = self._reactor.seconds()
            for letter in self._handed:
                self._octets += len(letter.octets)
                letter.end = self._octets
            self._taken += self._handed
            self._handed = []
            self._watch()
        if self._socket.disconnecting:
            # The TLS above it wants it to be closed, which it is not as long as there is a producer.
            self._end()
        elif self._waiting:
            self._write()

    def stopProducing(self) -> None:
        """The connection is gone (IPullProducer); ``connectionLost`` says why."""

    def dataReceived(self, data: bytes) -> None:
        if not self._settings.answers or self._why is not None:
            return
        try:
            answers = self._decoder.feed(data)
        except FramingError as error:
            self._answered(error.messages)
            self.abort(Outcome("failed", f"its answer cannot be read: {error}"))
        else:
            self._answered(answers)

    def readConnectionLost(self) -> None:
        """The target has shut down its side (IHalfCloseableProtocol).

        That says nothing of what it has not read yet: it may go on reading, or close with some of it unread,
        of which the only sign is that its machine breaks off (RFC 9293, section 3.6.1).
        """
        self._end()

    def writeConnectionLost(self) -> None:
        """We never shut down our side alone."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._on_lost(self)
        why = self._why
        if why is None:
            words = why_unreachable(None if reason.check(ConnectionDone) else reason.value)
            why = Outcome("failed", words.removesuffix(" at once"))
        letters = [*self._taken, *self._handed, *self._waiting]
        self._taken.clear()
        self._handed.clear()
        self._waiting.clear()
        for letter in letters:
            letter.outcome.callback(why)
            # The first is the one that it may be the fault of.
            why = Outcome("unreachable", why.error)
        if self._lost is not None:
            self._lost.callback(None)

    # --------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        if self._handed or self._is_ending or not self.connected or self._why is not None:
            return
        octets = 0
        while self._waiting and octets < BATCH:
            letter = self._waiting.popleft()
            octets += len(letter.octets)
            self._handed.append(letter)
        if self._handed:
            transport: Any = self.transport
            transport.write(b"".join([letter.octets for letter in self._handed]))

    def _answered(self, answers: Any) -> None:
        """The target has said something of the oldest letters."""
        for answer in answers:
            if self._taken:
                letter = self._taken.popleft()
            elif self._handed:
                # It was quicker than the kernel, or rather than we hear of that.
                letter = self._handed.pop(0)
            else:
                continue  # nobody has asked
            self._moved = self._reactor.seconds()
            is_refused = answer.startswith(REFUSAL)
            letter.outcome.callback(Outcome("failed", one_line(answer)) if is_refused else PASSED)

    def _watch(self) -> None:
        if self._timer is None and self.busy:
            self._timer = self._reactor.callLater(min(LOOK, self._settings.deadline), self._look)

    def _look(self) -> None:
        """See what has become certain, and what takes too long."""
        self._timer = None
        if self._why is not None:
            return
        now = self._reactor.seconds()
        if self._is_ending and (error := broken(self._socket)):
            self.abort(Outcome("failed", why_unreachable(OSError(error, os.strerror(error)))))
            return
        if not self._settings.answers:
            self._settle(now)
        if self._is_ending and not (self._handed or self._taken):
            self._finish()
        elif (self._handed or self._taken) and now - self._moved >= self._settings.deadline:
            what = "answer" if self._settings.answers else "read"
            self.abort(Outcome("failed", f"it does not {what} within {self._settings.deadline:g} s"))
        else:
            self._watch()

    def _end(self) -> None:
        """Write no more, and close it once it is certain what became of the letters that were written."""
        if self._is_ending:
            return
        self._is_ending = True
        if self._settings.answers or not (self._handed or self._taken):
            self._finish()  # no other answer can come
        else:
            self._watch()

    def _finish(self) -> None:
        self._on_lost(self)
        self._socket.unregisterProducer()
        transport: Any = self.transport
        transport.loseConnection()

    def _settle(self, now: float) -> None:
        """What was acknowledged at the last look is passed on."""
        while self._taken and self._taken[0].end <= self._acknowledged:
            self._taken.popleft().outcome.callback(PASSED)
        # Inside of TLS there are more bytes than these; then it is a little later that all are acknowledged.
        acknowledged = self._octets - unacknowledged(self._socket)
        if acknowledged > self._acknowledged:
            self._acknowledged = acknowledged
            self._moved = now


def unacknowledged(transport: Any) -> int:
    """How many bytes the kernel has taken, and the peer's machine has not acknowledged (``SIOCOUTQ``,
    tcp(7)); of a Unix socket, those that the peer has not read, or more."""
    found = fcntl.ioctl(transport.getHandle().fileno(), termios.TIOCOUTQ, bytes(4))
    count: int = struct.unpack("i", found)[0]
    return count


def broken(transport: Any) -> int:
    """The error that the kernel knows of a connection (``SO_ERROR``, socket(7)), which nobody is told of who
    does not read from it; 0: there is none."""
    error: int = transport.getHandle().getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return error
