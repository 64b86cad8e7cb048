"""The reactor."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import time
from typing import Any, Final

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import UnsupportedAddressFamily
from twisted.internet.interfaces import IConnector, IProtocolFactory
from twisted.internet.main import installReactor
from twisted.internet.posixbase import _NO_FILEDESC
from twisted.logger import Logger
from twisted.python import log as legacy_log

from protocols.reactor.datagram_ports import DatagramPort, MulticastPort, UnixDatagramPort, adopted
from protocols.reactor.event_loop import EventLoop
from protocols.reactor.log_prefix import PREFIX
from protocols.reactor.selector import Events, SharedSelector
from protocols.reactor.stream_ports import AdoptedUnixPort, Connector, Port, UnixConnector, UnixPort
from protocols.reactor.write_through import Server, UnixServer

log = Logger()

EVENTS: Final = 256
"""Events taken from epoll at a time.  Timers and asyncio get their turn after so many; the kernel hands out
the rest first next time, so nobody is left out."""

BACKLOG: Final = 1024
"""Connections the kernel keeps until they are accepted; it lowers this to net.core.somaxconn."""

IN, OUT = select.EPOLLIN, select.EPOLLOUT

_WALL_CLOCK = time.time() - time.monotonic()


class Reactor(EPollReactor):
    """Twisted's epoll reactor with lean dispatch, transports that write at once, and asyncio inside.

    asyncio runs it: each time its loop asks which files are ready, the reactor takes one turn, in which
    it polls, serves its own descriptors and runs its own timers.

    .. attribute:: loop

       The asyncio loop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = EventLoop(SharedSelector(self._poller, self._turn))

    @staticmethod
    def seconds() -> float:
        """The time since the epoch as it was when the process started, and what has passed since: steps of
        the system's clock move no timer (IReactorTime)."""
        return time.monotonic() + _WALL_CLOCK

    def run(self, installSignalHandlers: bool = True) -> None:
        """Run until :meth:`stop`.  What starts with the reactor finds asyncio's loop running already."""
        problems: list[BaseException] = []

        def start() -> None:
            try:
                self.startRunning(installSignalHandlers)
            except BaseException as error:  # noqa: BLE001 - raised below, out of the loop
                problems.append(error)
                self.loop.stop()

        if self.loop.is_running():
            self.startRunning(installSignalHandlers)  # which says what is wrong with that
        self.loop.call_soon(start)
        try:
            with _unexpected:
                self.loop.run_forever()
            if problems:
                raise problems[0]
            self.mainLoop()
        finally:
            self._signals.uninstall()

    def mainLoop(self) -> None:
        while self._started:
            with _unexpected:
                self.loop.run_forever()

    def crash(self) -> None:
        super().crash()
        self.loop.stop()

    def iterate(self, delay: float = 0.0) -> None:
        """One turn of the reactor, and one of asyncio's loop unless that is running already."""
        if not self.loop.is_running():
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        super().iterate(delay)

    def doPoll(self, timeout: float | None) -> Events:
        """Wait for events for `timeout` seconds, and serve Twisted's descriptors.

        :returns: what has happened to others.
        """
        others = []
        selectables = self._selectables
        prefix = PREFIX
        outer = prefix.served  # of a turn within a turn (iterate)
        for number, event in self._poll(timeout):
            selectable = selectables.get(number)
            if selectable is None:
                # asyncio's, or closed by what another event of this turn did.
                others.append((number, event))
                continue
            prefix.served = selectable
            try:
                if event == IN:
                    self._read(selectable)
                else:
                    self._doReadOrWrite(selectable, number, event)
            except BaseException:  # noqa: BLE001 - a protocol's connectionLost may raise, too
                legacy_log.err()
        prefix.served = outer
        return others

    doIteration = doPoll

    def _read(self, selectable: Any) -> None:
        try:
            end = selectable.doRead() if selectable.fileno() != -1 else _NO_FILEDESC
        except BaseException as error:  # noqa: BLE001 - whatever a protocol raises ends its connection
            legacy_log.err()
            end = error
        if end:
            self._disconnectSelectable(selectable, end, True)

    def _turn(self, timeout: float | None) -> Events:
        """One turn, of at most `timeout` seconds, as part of one of asyncio's."""
        if not self._started:
            # asyncio's loop runs without the reactor: what is Twisted's has to wait.
            return [event for event in self._poll(timeout) if event[0] not in self._selectables]
        own = 0 if self._justStopped else self.timeout()
        if own is not None and (timeout is None or own < timeout):
            timeout = own
        others = self.doPoll(timeout)
        self.runUntilCurrent()
        return others

    def _poll(self, timeout: float | None) -> Events:
        try:
            events: Events = self._poller.poll(-1 if timeout is None else timeout, EVENTS)
            return events
        except InterruptedError:
            return []

    # IReactorTCP

    def listenTCP(
        self, port: Any, factory: IProtocolFactory, backlog: int = BACKLOG, interface: str = ""
    ) -> Any:
        return _started(Port(port, factory, backlog, interface, self))

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: Any = None,
    ) -> IConnector:
        connector = Connector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector

    # IReactorUNIX

    def listenUNIX(
        self,
        address: Any,
        factory: IProtocolFactory,
        backlog: int = BACKLOG,
        mode: int = 0o666,
        wantPID: Any = 0,
    ) -> Any:
        return _started(UnixPort(address, factory, backlog, mode, self, wantPID))

    def connectUNIX(self, address: Any, factory: Any, timeout: float = 30, checkPID: Any = 0) -> IConnector:
        connector = UnixConnector(address, factory, timeout, self, checkPID)
        connector.connect()
        return connector

    # IReactorUDP, IReactorMulticast, IReactorUNIXDatagram

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> Any:
        return _started(DatagramPort(port, protocol, interface, maxPacketSize, self))

    def listenMulticast(
        self,
        port: int,
        protocol: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> Any:
        return _started(MulticastPort(port, protocol, interface, maxPacketSize, self, listenMultiple))

    def listenUNIXDatagram(
        self, address: Any, protocol: Any, maxPacketSize: int = 8192, mode: int = 0o666
    ) -> Any:
        return _started(UnixDatagramPort(address, protocol, maxPacketSize, mode, self))

    # IReactorSocket

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: IProtocolFactory) -> Any:
        if addressFamily not in self._supportedAddressFamilies:
            raise UnsupportedAddressFamily(addressFamily)
        if addressFamily == socket.AF_UNIX:
            return _started(AdoptedUnixPort(_duplicate(fileDescriptor), factory, self))
        return _started(Port._fromListeningDescriptor(self, fileDescriptor, addressFamily, factory))

    def adoptStreamConnection(
        self, fileDescriptor: int, addressFamily: int, factory: IProtocolFactory
    ) -> Any:
        if addressFamily not in self._supportedAddressFamilies:
            raise UnsupportedAddressFamily(addressFamily)
        if addressFamily == socket.AF_UNIX:
            return UnixServer._fromConnectedSocket(fileDescriptor, factory, self)
        return Server._fromConnectedSocket(fileDescriptor, addressFamily, factory, self)

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: int, protocol: Any, maxPacketSize: int = 8192
    ) -> Any:
        if addressFamily not in self._supportedAddressFamilies:
            raise UnsupportedAddressFamily(addressFamily)
        return _started(adopted(_duplicate(fileDescriptor), protocol, maxPacketSize, self))


def install() -> None:
    """Make a :class:`Reactor` the reactor of this process, and its loop asyncio's.

    Raises :class:`~twisted.internet.error.ReactorAlreadyInstalledError` if there is a reactor.
    """
    reactor = Reactor()
    installReactor(reactor)
    asyncio.set_event_loop(reactor.loop)


def _started(port: Any) -> Any:
    """`port`, an IListeningPort, which listens now."""
    port.startListening()
    return port


def _duplicate(number: int) -> socket.socket:
    return socket.socket(fileno=os.dup(number))


_unexpected = log.failureHandler("unexpected error in the reactor")
