"""Carrying out one ``send``: connects, runs the exchange, and gives the exit status."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    UNIXClientEndpoint,
    connectProtocol,
    wrapClientTLS,
)
from twisted.python.failure import Failure

from protocols.daemon.command.datagram_client import DatagramClient, client_socket
from protocols.daemon.command.event_loop import run
from protocols.daemon.command.exchange import FAILED, Exchange, Terms
from protocols.daemon.command.message_source import MessageSource
from protocols.daemon.command.stream_client import StreamClient
from protocols.framing import Framing

if TYPE_CHECKING:
    from protocols.daemon.command.client_tls import ClientTLS
    from protocols.daemon.spec.address import Address

CONNECT_TIMEOUT = 30.0
"""Seconds to try one address of a server, where no other time was asked for."""


def send_by_stream(
    address: Address,
    framing: Framing,
    tls: ClientTLS | None,
    source: MessageSource,
    terms: Terms,
    reactor: Any,
) -> int:
    """Run one exchange over TCP, TLS or a Unix socket, and return the exit status."""
    explain = _explainer(terms.server, tls)

    def start() -> Deferred[int]:
        exchange = Exchange(source, terms, reactor)
        client = StreamClient(exchange, framing, tls=tls is not None, explain=explain)
        endpoint = _endpoint(address, tls, terms.timeout or CONNECT_TIMEOUT, reactor)
        connecting = connectProtocol(endpoint, client)
        connecting.addErrback(lambda failure: exchange.fail(explain(failure, False)))
        return exchange.finished

    return run(start)


def send_by_datagram(address: Address, source: MessageSource, terms: Terms, reactor: Any) -> int:
    """Run one exchange over UDP or a Unix datagram socket, and return the exit status."""
    try:
        with client_socket(address) as (sock, where):

            def start() -> Deferred[int]:
                exchange = Exchange(source, terms, reactor)
                DatagramClient(sock, where, exchange, terms.server, reactor).start()
                return exchange.finished

            return run(start)
    except OSError as problem:
        terms.complain(f"could not connect to {terms.server}: {_reason(problem)}")
        return FAILED


def _endpoint(address: Address, tls: ClientTLS | None, timeout: float, reactor: Any) -> Any:
    if address.scheme == "unix":
        return UNIXClientEndpoint(reactor, address.path or "\0" + address.name, timeout)
    endpoint = HostnameEndpoint(reactor, address.host or "localhost", address.port, timeout)
    return endpoint if tls is None else wrapClientTLS(tls, endpoint)


def _explainer(server: str, tls: ClientTLS | None) -> Callable[[Failure, bool], str]:
    """Says why there is no connection, given the failure and whether there was one."""

    def explain(failure: Failure, started: bool) -> str:
        problem = failure.value
        if started and tls is None:
            return f"the connection to {server} was lost: {_reason(problem)}"
        if failure.check(error.ConnectError, error.DNSLookupError, OSError):
            return f"could not connect to {server}: {_reason(problem)}"
        if tls is not None:
            why = tls.explain(failure)
            if why is not None or not started:
                why = why or "the server closed the connection during the handshake"
                return f"TLS with {server} failed: {why}"
            return f"the connection to {server} was lost: {_reason(problem)}"
        return f"could not connect to {server}: {_reason(problem)}"

    return explain


def _reason(problem: BaseException | None) -> str:
    if isinstance(problem, socket.gaierror):
        return str(problem.strerror)
    if isinstance(problem, error.DNSLookupError):
        return "the host is not known"
    if isinstance(problem, error.TimeoutError):
        return "it did not answer in time"
    number = getattr(problem, "osError", None) or getattr(problem, "errno", None)
    return os.strerror(number) if isinstance(number, int) else str(problem)
