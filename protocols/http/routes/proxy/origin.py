"""One origin: where it is, what is open to it, and how it fares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint

from protocols.http.routes.proxy.health import Health
from protocols.http.routes.proxy.limits import ProxyLimits
from protocols.http.routes.proxy.origin_url import OriginURL
from protocols.outgoing_tls import OutgoingTLS

if TYPE_CHECKING:
    from protocols.http.routes.proxy.connection import OriginConnection

ALPN = (b"http/1.1",)

ATTEMPT_DELAY = 0.025
"""Seconds until the next address of a name is tried beside the first (RFC 8305, section 5, wants 10 ms at
least); also what it costs that ``localhost`` may be an address on which nobody listens."""


class Origin:
    """One server that requests are passed on to.

    :param service: the service that it is an origin of, for the log.

    .. attribute:: idle

       Connections that wait for a request, the latest used last.

    .. attribute:: opened

       How many connections there are, with those that are just being made.
    """

    def __init__(
        self, url: OriginURL, endpoint: IStreamClientEndpoint, limits: ProxyLimits, service: str
    ) -> None:
        self.url = url
        self.endpoint = endpoint
        self.encrypted = url.scheme == "https"
        self.idle: list[OriginConnection] = []
        self.opened = 0
        self.health = Health(url, service, limits)
        self._limits = limits

    @property
    def has_room(self) -> bool:
        """Whether a request can go there now."""
        return bool(self.idle) or self.opened < self._limits.connections

    @property
    def load(self) -> int:
        """Requests that are under way there."""
        return self.opened - len(self.idle)


def endpoint_for(
    url: OriginURL,
    reactor: Any,
    limits: ProxyLimits,
    *,
    ca: Path | None = None,
    name: str | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> IStreamClientEndpoint:
    """How `url` is connected to.

    :param ca: PEM certificates of the authorities to trust instead of the system's (https).
    :param name: the name that the certificate must be for, if it is not the host's (https).
    :param certificate: PEM: what we prove ourselves with (https); `key` is its key.

    Raises as :class:`~protocols.outgoing_tls.OutgoingTLS`.
    """
    if url.socket:
        path = "\0" + url.socket[1:] if url.socket.startswith("@") else url.socket
        unix: IStreamClientEndpoint = UNIXClientEndpoint(reactor, path, timeout=limits.connect)
        return unix
    endpoint = HostnameEndpoint(
        reactor, url.host, url.port, timeout=limits.connect, attemptDelay=ATTEMPT_DELAY
    )
    if url.scheme == "https":
        tls = OutgoingTLS(name or url.host, ca=ca, certificate=certificate, key=key, protocols=ALPN)
        return wrapClientTLS(tls, endpoint)
    return endpoint
