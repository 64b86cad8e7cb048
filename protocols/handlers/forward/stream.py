"""Passes streams on to a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory

from protocols.handlers.forward.balance import Balance
from protocols.handlers.forward.endpoint import endpoint_for
from protocols.handlers.forward.outgoing import Outgoing, OutgoingFactory
from protocols.handlers.forward.session import ForwardSession
from protocols.handlers.forward.target import Target
from protocols.outgoing_tls import OutgoingTLS
from protocols.proxy_header import Place, encode_v1, encode_v2, header_about
from protocols.session import Connection

SendProxy: TypeAlias = Literal["v1", "v2"]
"""Which version of the PROXY protocol says whose connection it is."""

CONNECT = 10.0
"""Seconds from a client's connection to one with the target that can be written to, its TLS included: what
takes longer mostly never comes, and the client waits."""

RETRY: Final = 2
"""How many other targets are tried when there is no connection to the first: a client that waits for three
has waited long enough."""


class StreamForward:
    """Opens a connection to one of the targets of `balance` for each that it is given.

    :param reactor: connects, and keeps the time.
    :param tls: what each target of TLS must prove, and what is proved to it.
    :param send_proxy: tells the target by this version of the PROXY protocol who the client is, in front of
        all else.
    :param timeout: seconds until there has to be a connection.
    :param retry: how many other targets are tried if there is none.
    """

    def __init__(
        self,
        balance: Balance,
        *,
        reactor: Any,
        tls: Mapping[Target, OutgoingTLS] | None = None,
        send_proxy: SendProxy | None = None,
        timeout: float = CONNECT,
        retry: int = RETRY,
    ) -> None:
        self.balance = balance
        self.reactor = reactor
        self.timeout = timeout
        self.retry = retry
        self._send_proxy = send_proxy
        targets = [backend.target for backend in balance.backends]
        self._endpoints = {target: endpoint_for(target, reactor, timeout) for target in targets}
        self._tls = {
            target: TLSMemoryBIOFactory(settings, True, Factory(), reactor)
            for target, settings in (tls or {}).items()
        }

    def open(self, connection: Connection) -> ForwardSession:
        return ForwardSession(self, connection)

    def connect(self, outgoing: Outgoing, target: Target, client: Connection) -> Deferred[Any]:
        """Connect `outgoing` to `target`, on behalf of `client`."""
        header = header_of(client, self._send_proxy)
        factory = OutgoingFactory(outgoing, header, self._tls.get(target))
        return self._endpoints[target].connect(factory)


def header_of(client: Any, send_proxy: SendProxy | None) -> bytes:
    """What a target is told first of `client`, a connection: nothing, unless there is `send_proxy`."""
    if send_proxy is None:
        return b""
    local = getattr(client, "local", None)
    header = header_about(
        client.peer,
        here=None if local is None else Place(*local),
        tls_version=getattr(client, "tls_version", ""),
    )
    return encode_v1(header) if send_proxy == "v1" else encode_v2(header)
