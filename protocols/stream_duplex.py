"""A stream connection whose output may end before its input does."""

from __future__ import annotations

from twisted.internet.interfaces import ISSLTransport

from protocols.peer_address import stream_host
from protocols.stream_connection import StreamConnection


class DuplexStreamConnection(StreamConnection):
    """What a :class:`~protocols.session.DuplexConnection` has more than any other.

    Most sessions close both directions at once; one that passes a stream on ends each as its other side does.
    """

    _finished = False

    @property
    def local(self) -> tuple[str, int]:
        """Where the peer connected to."""
        assert self.transport is not None
        return stream_host(self.transport)

    @property
    def tls_version(self) -> str:
        """Of the TLS that the peer speaks."""
        version: str = getattr(self.transport, "tls_version", "")
        return version

    def finish(self) -> None:
        """Send no more, and go on receiving."""
        if not (self._closing or self._finished):
            self._flush()
            self._finished = True
            self._write = _send_nothing
            if not self._writer.waiting:
                self._end_output()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if self._finished and not (self._closing or self._writer.waiting):
            self._end_output()

    def writeConnectionLost(self) -> None:
        """Our side is shut down: only who has closed the connection has the peer follow soon."""
        if self._closing:
            super().writeConnectionLost()

    def _end_output(self) -> None:
        transport = self.transport
        assert transport is not None
        transport.unregisterProducer()  # type: ignore[attr-defined]  # every stream transport has it
        if ISSLTransport.providedBy(transport):
            transport.loseConnection()  # says close_notify, and still reads
        else:
            transport.loseWriteConnection()  # type: ignore[attr-defined]
        if self._blocked:
            # Nobody will say any more that the peer has read, nor is there anything to hold back.
            self._blocked = False
            self._halt_or_go()


def _send_nothing(data: bytes) -> None:
    """What is said after the last word."""
