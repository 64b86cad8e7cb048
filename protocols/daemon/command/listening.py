"""Carrying out one ``listen``: binds, serves until it is over, and gives the exit status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.defer import Deferred

from protocols.daemon.carriers import Carriers
from protocols.daemon.command.announcer import Announcer
from protocols.daemon.command.event_loop import run
from protocols.daemon.command.standard_output import complain
from protocols.daemon.port_service import PortService
from protocols.daemon.service_tls import ServiceTLS
from protocols.daemon.sockets import BoundSocket, bind
from protocols.daemon.spec.address import Address
from protocols.datagram import DatagramServer
from protocols.framing import Framing
from protocols.guard import ServerTLS
from protocols.journal import Journal
from protocols.stream import StreamFactory

UNIX_MODE = 0o600
"""Who may talk to a server that somebody started to try something: that somebody."""

FAILED = 1
"""Exit status when nothing came."""

DRAIN = 1.0
"""Seconds that connections have to take their last replies."""


def bound_sockets(address: Address) -> list[BoundSocket]:
    """The sockets for `address`.  Raises :class:`~protocols.daemon.sockets.BindError`."""
    return bind(address, {}, UNIX_MODE)


def serve(
    bound: Sequence[BoundSocket],
    framing: Framing | None,
    limit: int,
    tls: ServerTLS | None,
    announcer: Callable[[Callable[[], None]], Announcer],
    started: Callable[[Address], None],
    timeout: float,
    reactor: Any,
) -> int:
    """Serve on `bound` until the announcer has finished, and return the exit status.

    :param framing: for streams; ``None`` for datagrams.
    :param limit: bytes of the longest datagram.
    :param announcer: makes the handler, given what it must call when it has finished.
    :param started: told each address that is listened on.
    :param timeout: seconds without a message after which it gives up; 0 for never.
    """
    journal = Journal("listen")
    finished: Deferred[None] = Deferred()

    def finish() -> None:
        # Later, so that the reply to the last message is sent first.
        stop_waiting()
        reactor.callLater(0, finished.callback, None)

    handler = announcer(finish)
    status = 0
    timer: DelayedCall | None = None

    def give_up() -> None:
        nonlocal status
        complain(f"nothing came for {timeout:g} s")
        status = FAILED
        finished.callback(None)

    def wait() -> None:
        nonlocal timer
        stop_waiting()
        timer = reactor.callLater(timeout, give_up) if timeout else None

    def stop_waiting() -> None:
        if timer is not None and timer.active():
            timer.cancel()

    handler.heard = wait
    carriers = Carriers(
        journal,
        stream=None
        if framing is None
        else StreamFactory(handler, framing, journal=journal, clock=reactor, idle=0),
        datagram=lambda: DatagramServer(handler, journal=journal, limit=limit),
        tls=None if tls is None else ServiceTLS(tls, reactor),
    )
    service = PortService("listen", carriers, bound, reactor, DRAIN)

    def start() -> Deferred[int]:
        service.startService()
        for one in bound:
            started(one.address)
        wait()
        stopped = finished.addCallback(lambda _: service.stopService())
        return stopped.addCallback(lambda _: status)

    try:
        return run(start)
    finally:
        for one in bound:
            one.close()
