"""Transports that write at once, and once for each read.

Twisted's transports put what is written aside and ask the reactor to say when the socket can be written
to, which it nearly always can: two changes of the epoll set and one more turn of the loop for each reply.
Here bytes leave in the call that writes them; those written while a read is being handled leave together
at its end.  Whatever the kernel does not take goes Twisted's own way, and so does everything that has to
do with the end of a connection or with producers that wait for an empty buffer.
"""

from __future__ import annotations

from collections.abc import Iterable
from errno import ENOBUFS, EWOULDBLOCK
from functools import cached_property
from typing import Any, TypeAlias

from twisted.internet import main, tcp, unix
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv6Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure

CORK_LIMIT = 64 * 1024
"""Bytes written during one read that are kept until its end; with more than this they leave earlier, so
that a producer hears that its consumer is full."""

FULL = frozenset({EWOULDBLOCK, ENOBUFS})
"""Why the kernel takes nothing just now."""

End: TypeAlias = ConnectionDone | ConnectionLost
"""Why a connection is over."""


class WriteThrough(FileDescriptor):
    """Mixed in before a stream transport of Twisted's; :meth:`write` and :meth:`doRead` are replaced."""

    # What the transports it is mixed into have.
    TLS: bool
    protocol: Any
    socket: Any
    _aborting: bool

    _corked = False
    _sent_directly = False
    _end: End = main.CONNECTION_DONE
    """Why nothing more is to be read.  The kernel reports an error once; a write may have been told."""

    def write(self, data: bytes) -> None:
        """Send `data`, through TLS if :meth:`startTLS` has been called."""
        if self.TLS:
            if self.connected:
                self.protocol.write(data)
        else:
            self.write_plain(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send the pieces of `iovec`, as one."""
        try:
            data = b"".join(iovec)
        except TypeError:
            raise TypeError("Data must be bytes") from None
        self.write(data)

    def write_plain(self, data: bytes) -> None:
        """Send `data` as it is."""
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not data or not self.connected or self._writeDisconnected:
            return
        self._tempDataBuffer.append(data)
        self._tempDataLen += len(data)
        if not self._corked or self._tempDataLen > CORK_LIMIT:
            self._hasten()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        super().registerProducer(producer, streaming)
        if self._sent_directly and not streaming and self.producer is producer:
            # It is resumed when what was written before has left, which is the case already.
            self._sent_directly = False
            self.startWriting()

    def loseConnection(self) -> None:
        if (
            self._corked
            and self.connected
            and not (self.disconnecting or self._writeDisconnected or self.TLS)
        ):
            # What it is to wait for is known at the end of the read, and most often there is nothing.
            self.stopReading()
            self.disconnecting = 1
        else:
            super().loseConnection()

    def readConnectionLost(self, reason: Failure) -> None:
        self._corked = True
        try:
            super().readConnectionLost(reason)
        finally:
            self._uncork()

    def startTLS(self, ctx: Any, normal: bool = True) -> None:
        from twisted.internet import _newtls

        _newtls.startTLS(self, ctx, normal, Plain)

    def _send_now(self) -> None:
        """Give the kernel what it takes now, and the rest to the reactor."""
        producer = self.producer
        if producer is not None:
            self._maybePauseProducer()
        if (
            self.dataBuffer  # comes first
            or self._aborting
            or self._writeDisconnecting
            or (producer is not None and not self.streamingProducer)  # doWrite asks it for more
        ):
            self.startWriting()
            return
        pieces = self._tempDataBuffer
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._tempDataLen = 0
        sent = self._give(data)
        self._sent_directly = True
        if sent < len(data):
            self.dataBuffer, self.offset = data, sent
            self.startWriting()
        elif producer is not None and self.producerPaused:
            self.startWriting()  # doWrite resumes it

    _hasten = _send_now
    """What becomes of bytes that no read keeps."""

    def _give(self, data: bytes) -> int:
        """How much of `data` the kernel takes.  An error is for the reactor to meet, which can report it
        from a turn of its own."""
        try:
            return int(self.socket.send(data))
        except OSError as error:
            if error.errno not in FULL:
                self._end = main.CONNECTION_LOST
            return 0

    def _uncork(self) -> None:
        self._corked = False
        if not self.connected:
            return
        if self._tempDataBuffer:
            self._send_now()
        if self.disconnecting:
            if self.dataBuffer or self._tempDataBuffer or self.producer is not None or self._aborting:
                self.startWriting()
            else:
                reactor: Any = self.reactor  # a PosixReactorBase
                reactor._disconnectSelectable(self, main.CONNECTION_DONE, False)


class Plain(FileDescriptor):
    """How the TLS layer of ``startTLS`` writes below itself."""

    def write(self: Any, data: bytes) -> None:
        self.write_plain(data)

    def writeSequence(self: Any, iovec: Iterable[bytes]) -> None:
        self.write_plain(b"".join(iovec))


class WriteThroughTCP(WriteThrough):
    """For transports that read with ``recv``."""

    def doRead(self) -> End | None:
        """Deliver what has come, and send what is answered."""
        try:
            data = self.socket.recv(self.bufferSize)
        except OSError as error:
            return None if error.errno == EWOULDBLOCK else main.CONNECTION_LOST
        if not data:
            return self._end
        self._corked = True
        self._sent_directly = False
        try:
            self.protocol.dataReceived(data)
        except BaseException:
            self._corked = False
            raise
        self._uncork()
        return None


class WriteThroughUnix(WriteThrough):
    """For transports that read with ``recvmsg``, since descriptors may come along."""

    _sendmsgQueue: list[int]

    def doRead(self) -> End | None:
        """Deliver what has come, and send what is answered."""
        self._corked = True
        try:
            end: End | None = super().doRead()
        except BaseException:
            self._corked = False
            raise
        self._uncork()
        return self._end if end is main.CONNECTION_DONE else end

    def _hasten(self) -> None:
        # A descriptor may be sent after the byte that it goes with (IUNIXTransport.sendFileDescriptor), so
        # that byte must wait for the next turn, or the end of the read.
        self._maybePauseProducer()
        self.startWriting()

    def _give(self, data: bytes) -> int:
        # Descriptors that wait to be sent go with the first bytes.
        return 0 if self._sendmsgQueue else super()._give(data)


class Server(WriteThroughTCP, tcp.Server):  # type: ignore[misc]  # abortConnection replaces doRead
    """The server's side of a TCP connection.

    What Twisted writes out for the log and for ``repr`` as each connection comes is written when somebody
    wants to read it.
    """

    peer: IAddress | None = None
    """The peer's address, if somebody has made it already."""

    def __init__(
        self, sock: Any, protocol: Any, client: tuple[Any, ...], server: Any, sessionno: int, reactor: Any
    ) -> None:
        tcp.Connection.__init__(self, sock, protocol, reactor)
        if len(client) != 2:
            self._addressType = IPv6Address
        self.server = server
        self.client = client
        self.sessionno = sessionno
        self.hostname = client[0]
        self.startReading()
        self.connected = 1

    def getPeer(self) -> Any:
        return self.peer or super().getPeer()

    def connectionLost(self, reason: Failure) -> None:
        try:
            self.logstr  # noqa: B018 - while there is a protocol to ask
        except Exception:  # noqa: BLE001 - it has no say in whether the connection ends
            self.logstr = "-"
        super().connectionLost(reason)

    @cached_property
    def logstr(self) -> str:  # type: ignore[override]
        return f"{self._getLogPrefix(self.protocol)},{self.sessionno},{self.hostname}"

    @cached_property
    def repstr(self) -> str:  # type: ignore[override]
        port = None if self.server is None else self.server._realPortNumber
        return f"<{type(self.protocol).__name__} #{self.sessionno} on {port}>"


class Client(WriteThroughTCP, tcp.Client):  # type: ignore[misc]  # abortConnection replaces doRead
    """The client's side of a TCP connection."""


class UnixServer(WriteThroughUnix, unix.Server):  # type: ignore[misc]  # abortConnection replaces doRead
    """The server's side of a connection over a Unix socket."""


class UnixClient(WriteThroughUnix, unix.Client):  # type: ignore[misc]  # abortConnection replaces doRead
    """The client's side of a connection over a Unix socket."""
