"""Messages over UDP and Unix datagrams: one datagram in, its replies to its sender.

Every datagram is a conversation of its own: a session is opened for it, receives it, hears at once that
nothing more will come, and lives until it closes.  A reply can be lost, as any datagram can; a datagram
that is too long is dropped whole, never half-handled.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import MessageLengthError
from twisted.internet.protocol import DatagramProtocol

from protocols.codec import DecodeError
from protocols.journal import Journal
from protocols.latency import Pace
from protocols.peer_address import datagram_peer
from protocols.roster import Roster
from protocols.session import Handler, Peer, Session

LIMIT = 65_507
"""Bytes of the longest datagram: what UDP over IPv4 can carry (65,535 less the two headers)."""

PENDING = 1024
"""Datagrams being answered at a time.  More are dropped: a sender that hears nothing tries again,
a queue that grows without end only makes every answer late."""


class Gate(Protocol):
    """What decides how much of whom is read and answered; a *source* is whom it counts as one."""

    def source(self, address: object) -> str | None:
        """Whose datagram it is that came from `address`; ``None``: somebody's without limits."""

    def admits(self, source: str, size: int) -> bool:
        """Whether a datagram of `size` bytes is to be read; it is counted."""

    def may_reply(self, source: str, size: int) -> bool:
        """Whether `size` bytes may go back; they are counted."""

    def begun(self, source: str) -> None:
        """A datagram waits for its answer."""

    def ended(self, source: str) -> None:
        """It does not any more."""


class DatagramConnection:
    """One datagram's way back: a :class:`~protocols.session.Connection`."""

    __slots__ = ("_ended", "_paused", "_peer", "_server", "_session", "address", "closed")

    def __init__(self, server: DatagramServer, address: object) -> None:
        self._peer: Peer | None = None
        self.closed = False
        self._server = server
        self.address = address
        self._session: Session | None = None
        self._paused = False
        self._ended = False

    @property
    def peer(self) -> Peer:
        """Who sent the datagram; most handlers never ask."""
        if self._peer is None:
            self._peer = datagram_peer(self.address)
        return self._peer

    def deliver(self, message: bytes) -> None:
        """Open the session, and give it all it will ever receive."""
        self._converse(lambda session: session.received(message))

    def settle(self, value: object) -> None:
        """Open the session of a :class:`~protocols.session.DirectHandler` for what it answered."""
        self._converse(lambda session: session.settle(value))

    def _converse(self, say: Callable[[Any], None]) -> None:
        try:
            self._session = session = self._server.handler.open(self)
            session.started()
            if not self.closed:
                say(session)
                self._end()
        except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
            self.fail(failure)
        if self.closed:
            self.tell_closed()

    def send(self, message: bytes) -> None:
        """Send one datagram to the sender (see :class:`~protocols.session.Connection`)."""
        if not self.closed:
            self._server.reply(message, self.address)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._server.left(self)

    def fail(self, error: BaseException) -> None:
        if not self.closed:
            self._server.journal.failed(self.peer, error)
            self.close()

    def reject(self, error: Exception) -> None:
        self._server.journal.rejected(self.peer, error)

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if self._session is not None:
            self._end()

    def _end(self) -> None:
        if not (self._paused or self._ended or self.closed):
            self._ended = True
            assert self._session is not None
            self._session.ended(None)

    def drain(self) -> None:
        """Who waits for whatever may still come, and not for an answer, waits no more."""
        leave = getattr(self._session, "leave", None)
        if leave is not None:
            leave()

    def tell_closed(self) -> None:
        """The last thing a session hears."""
        session, self._session = self._session, None
        if session is not None:
            try:
                session.closed(None)
            except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
                self._server.journal.failed(self.peer, failure)


class DatagramServer(DatagramProtocol):
    """Serves `handler` over one datagram socket.

    Works with ``reactor.listenUDP(port, server, maxPacketSize=server.limit)``.  Twisted's own reactors cut
    what is longer and say nothing; with one byte more it is noticed.

    :param limit: bytes of the longest datagram that is handled.
    :param pending: how many may be being answered at a time.
    :param gate: decides about each datagram and reply; nothing is asked where there is none.
    :param seconds: a clock that answers are measured by.
    """

    noisy = False

    def __init__(
        self,
        handler: Handler,
        *,
        journal: Journal,
        limit: int = LIMIT,
        pending: int = PENDING,
        gate: Gate | None = None,
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.handler = handler
        self.journal = journal
        self.limit = limit
        self.pending = pending
        self.open: Roster[DatagramConnection] = Roster()
        self._direct: Callable[[bytes], object] | None = getattr(handler, "direct", None)
        self._direct_from: Callable[[bytes, Peer], object] | None = getattr(handler, "direct_from", None)
        self._gate = gate
        self._counts = journal.counts
        self._tap = journal.tap
        self._pace = Pace()
        self._measure_at = 0
        self._seconds = seconds
        self._free: object = None  # the address that a datagram came from whose source has no limits
        if gate is not None:
            self._receive = self.datagramReceived
            self.datagramReceived = self._ask  # type: ignore[method-assign]

    def datagramTruncated(self, addr: object) -> None:
        """A datagram was longer than the port takes."""
        self._counts.datagrams += 1
        self._counts.oversize += 1

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        counts = self._counts
        counts.datagrams = number = counts.datagrams + 1
        counts.bytes_in += len(datagram)
        if len(datagram) > self.limit:
            counts.oversize += 1
        elif len(self.open.members) >= self.pending:
            counts.overload += 1
        elif number >= self._measure_at or self._tap.watched:
            self._measure(datagram, addr)
        elif self._direct is not None:
            self._answer(self._direct, datagram, addr)
        else:
            self._answer_peer(datagram, addr)

    def _measure(self, datagram: bytes, addr: object) -> None:
        """Hear a datagram, tell of it, and note how long its answer took."""
        if self._tap.watched:
            self._tap.came(datagram_peer(addr), (datagram,))
        begun = self._seconds()
        self._measure_at = self._pace.next(self._counts.datagrams, begun)
        pending = len(self.open)
        if self._direct is not None:
            self._answer(self._direct, datagram, addr)
        else:
            self._answer_peer(datagram, addr)
        if len(self.open) == pending:  # else its answer comes later, and is measured then
            self.journal.latency.observe(self._seconds() - begun)

    def _ask(self, datagram: bytes, addr: object) -> None:
        """Hear a datagram if the gate has nothing against it."""
        gate = self._gate
        assert gate is not None
        source = gate.source(addr)
        if source is None:
            self._free = addr
            self._receive(datagram, addr)
        elif gate.admits(source, len(datagram)):
            self._receive(datagram, addr)
        else:
            self._counts.datagrams += 1

    def _answer_peer(self, datagram: bytes, addr: object) -> None:
        """Answer what may depend on who asks."""
        direct_from = self._direct_from
        if direct_from is None:
            self._converse(addr, DatagramConnection.deliver, datagram)
        else:
            peer = datagram_peer(addr)
            self._answer(lambda message: direct_from(message, peer), datagram, addr)

    def _answer(self, direct: Callable[[bytes], object], datagram: bytes, addr: object) -> None:
        """Answer without a session if that can be done at once."""
        try:
            value = direct(datagram)
            if type(value) is bytes:
                self.reply(value, addr)
                return
        except DecodeError:
            self._converse(addr, DatagramConnection.deliver, datagram)  # a session says what is wrong with it
            return
        except BaseException as failure:  # noqa: BLE001 - whatever a handler raises ends here
            self.journal.failed(datagram_peer(addr), failure)
            return
        if value is not None:
            self._converse(addr, DatagramConnection.settle, value)

    def _converse(self, addr: object, begin: Callable[[DatagramConnection, Any], None], what: object) -> None:
        connection = DatagramConnection(self, addr)
        begin(connection, what)
        if not connection.closed:
            self.open.add(connection)
            self._count(connection, begun=True)

    def _count(self, connection: DatagramConnection, *, begun: bool) -> None:
        gate = self._gate
        source = None if gate is None else gate.source(connection.address)
        if gate is not None and source is not None:
            (gate.begun if begun else gate.ended)(source)

    def reply(self, message: bytes, address: object) -> None:
        """Send `message` to `address`, unless that is too much for it or the kernel will not have it just
        now."""
        gate = self._gate
        if gate is not None and address is not self._free:
            source = gate.source(address)
            if source is not None and not gate.may_reply(source, len(message)):
                self._counts.unsent += 1
                return
        transport: Any = self.transport  # of a port that says whether it could
        if not address or transport is None:
            self._counts.unsent += 1
            return
        if len(message) > LIMIT and isinstance(address, tuple):
            raise ValueError(f"a reply of {len(message)} bytes does not fit a datagram ({LIMIT})")
        try:
            left = transport.write(message, address)
        except (OSError, MessageLengthError):
            left = False
        if left is False:
            self._counts.unsent += 1
        else:
            self._counts.bytes_out += len(message)
            if self._tap.watched:
                peer = datagram_peer(address)
                self._tap.passed(peer, "out", message, self._tap.took(peer))

    def left(self, connection: DatagramConnection) -> None:
        """An answer that was pending is finished (one that never pended was never in the set)."""
        if connection not in self.open:
            return
        connection.tell_closed()
        self._count(connection, begun=False)
        self.open.remove(connection)

    def retire(self) -> Deferred[None]:
        """Fires when everything received so far is answered."""
        return self.open.emptied()

    @property
    def open_connections(self) -> int:
        """How many datagrams are being answered."""
        return len(self.open)

    def drain(self) -> Deferred[None]:
        """Fires when everything received so far is answered."""
        for connection in self.open:
            connection.drain()
        return self.open.emptied()

    def abort(self) -> None:
        """Give up every answer that is under way."""
        for connection in self.open:
            connection.close()
