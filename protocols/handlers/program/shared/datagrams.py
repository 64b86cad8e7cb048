"""Clients of a shared program that send datagrams: each address is one, until it has been silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall

from protocols.handlers.program.shared.instance import Instance
from protocols.handlers.program.shared.program import SharedProgram
from protocols.handlers.quiet_session import QuietSession
from protocols.session import Connection, Peer

SENDERS: Final = 1000
"""Addresses that are remembered at a time, fewer than the datagrams that may be waiting for an answer; those
of others are dropped."""

HELD: Final = 16
"""Datagrams of one sender that wait while no process runs; who sends more sees loss."""


class SharedDatagrams:
    """Makes clients of `program` of those who send datagrams.

    :param silence: seconds without a datagram either way after which an address is forgotten.

    .. attribute:: dropped

       Datagrams that nobody had room for.
    """

    def __init__(self, program: SharedProgram, *, silence: float) -> None:
        self.program = program
        self.silence = silence
        self.dropped = 0
        self._senders: dict[tuple[str, str, int], DatagramClient] = {}

    def open(self, connection: Connection) -> OneDatagram:
        return OneDatagram(self, connection)

    def client(self, peer: Peer) -> DatagramClient | None:
        """Whose datagram it is that came from `peer`; ``None`` if there are too many."""
        key = (peer.transport, peer.host, peer.port)
        client = self._senders.get(key)
        if client is None and len(self._senders) < SENDERS:
            client = self._senders[key] = DatagramClient(self, key)
        return client

    def forget(self, key: tuple[str, str, int]) -> None:
        """Who sends from there is somebody else."""
        self._senders.pop(key, None)

    def stop(self) -> None:
        """Wait for nobody any more."""
        for client in list(self._senders.values()):
            client.leave("")


class OneDatagram(QuietSession):
    """One datagram, and the way back to its sender until the next comes."""

    def __init__(self, datagrams: SharedDatagrams, connection: Connection) -> None:
        super().__init__(connection)
        self._datagrams = datagrams
        self.client: DatagramClient | None = None

    @property
    def busy(self) -> bool:
        return True

    def received(self, message: bytes) -> None:
        client = self._datagrams.client(self.connection.peer)
        if client is None:
            self._datagrams.dropped += 1
            return
        self.client = client
        self.connection.pause()  # it is not over
        client.came(self, message)

    def leave(self) -> None:
        """The service drains."""
        if self.client is not None:
            self.client.leave("the service ends")

    def closed(self, reason: Exception | None) -> None:
        if self.client is not None:
            self.client.lost(self)


class DatagramClient:
    """Who sends from one address; a :class:`~protocols.handlers.program.shared.client.Client`."""

    def __init__(self, datagrams: SharedDatagrams, key: tuple[str, str, int]) -> None:
        self.number = 0
        self._datagrams = datagrams
        self._program = datagrams.program
        self._reactor = self._program.runner.reactor
        self._key = key
        self._newest: OneDatagram | None = None
        self._instance: Instance | None = None
        self._held: list[bytes] = []
        self._holding = False
        self._active_at: float = self._reactor.seconds()
        self._timer: IDelayedCall | None = self._reactor.callLater(datagrams.silence, self._silent)

    @property
    def peer(self) -> Peer:
        if self._newest is None:
            transport, host, port = self._key
            return Peer(transport, host, port)
        return self._newest.connection.peer

    # -- the sender's side ---------------------------------------------------------------------------

    def came(self, datagram: OneDatagram, message: bytes) -> None:
        """It has sent `message`; what is for it goes by `datagram` from now on."""
        before, self._newest = self._newest, datagram
        if before is not None:
            before.client = None
            before.connection.close()
        self._active_at = self._reactor.seconds()
        if self._instance is None:
            self._instance = self._program.place()
            self._instance.join(self)
        if not self._holding:
            self._say(message)
        elif len(self._held) < HELD:
            self._held.append(message)
        else:
            self._datagrams.dropped += 1

    def lost(self, datagram: OneDatagram) -> None:
        """There is no way back any more."""
        if datagram is self._newest:
            self._newest = None
            self.leave("")

    def leave(self, reason: str) -> None:
        """It is forgotten."""
        self._datagrams.forget(self._key)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._instance is not None:
            instance, self._instance = self._instance, None
            instance.leave(self, reason)
        newest, self._newest = self._newest, None
        if newest is not None:
            newest.connection.close()

    def _say(self, message: bytes) -> None:
        assert self._instance is not None
        self._instance.said(self, self._program.wire.said(self.number, (message,), None))

    def _silent(self) -> None:
        waited = self._reactor.seconds() - self._active_at
        if waited >= self._datagrams.silence:
            self._timer = None
            self.leave("silent")
        else:
            self._timer = self._reactor.callLater(self._datagrams.silence - waited, self._silent)

    # -- the process's side --------------------------------------------------------------------------

    def admitted(self) -> None:
        """It may have been held until now."""

    def hold(self) -> None:
        self._holding = True

    def release(self) -> None:
        self._holding = False
        held, self._held = self._held, []
        if self.number:
            for message in held:
                self._say(message)

    def send(self, message: bytes, text: bool) -> None:
        if self._newest is not None:
            self._active_at = self._reactor.seconds()
            self._newest.connection.send(message)

    def send_many(self, messages: Sequence[bytes], text: bool) -> None:
        for message in messages:
            self.send(message, text)

    def part(self, reason: str, *, restarting: bool = False) -> None:
        self.leave(reason)
