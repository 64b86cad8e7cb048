"""Passes streams on to a target."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory

from protocols.handlers.forward.endpoint import endpoint_for
from protocols.handlers.forward.outage import Outage
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


class StreamForward:
    """Opens a connection to `target` for each that it is given.

    :param reactor: connects, and keeps the time.
    :param service: what the log calls the service.
    :param tls: what the target must prove, and what is proved to it; for a target of TLS.
    :param send_proxy: tells the target by this version of the PROXY protocol who the client is, in front of
        all else.
    """

    def __init__(
        self,
        target: Target,
        *,
        reactor: Any,
        service: str,
        tls: OutgoingTLS | None = None,
        send_proxy: SendProxy | None = None,
        timeout: float = CONNECT,
    ) -> None:
        self.target = target
        self.reactor = reactor
        self.timeout = timeout
        self.outage = Outage(service, target)
        self._send_proxy = send_proxy
        self._endpoint = endpoint_for(target, reactor, timeout)
        self._tls = None if tls is None else TLSMemoryBIOFactory(tls, True, Factory(), reactor)

    def open(self, connection: Connection) -> ForwardSession:
        return ForwardSession(self, connection)

    def connect(self, outgoing: Outgoing, client: Connection) -> Deferred[Any]:
        """Connect `outgoing` to the target, on behalf of `client`."""
        factory = OutgoingFactory(outgoing, self._header(client), self._tls)
        return self._endpoint.connect(factory)

    def _header(self, client: Connection) -> bytes:
        if self._send_proxy is None:
            return b""
        local = getattr(client, "local", None)
        header = header_about(
            client.peer,
            here=None if local is None else Place(*local),
            tls_version=getattr(client, "tls_version", ""),
        )
        return encode_v1(header) if self._send_proxy == "v1" else encode_v2(header)
