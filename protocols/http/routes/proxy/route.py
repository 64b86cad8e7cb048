"""A route whose requests other HTTP servers answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from twisted.internet.defer import Deferred

from protocols.http.contract import METHODS, Answer
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead, StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.proxy.forwarding import Forwarding
from protocols.http.routes.proxy.limits import ProxyLimits
from protocols.http.routes.proxy.mapping import origin_target, own_location
from protocols.http.routes.proxy.origin import Origin, endpoint_for
from protocols.http.routes.proxy.origin_url import OriginURL
from protocols.http.routes.proxy.pool import Balance, OriginPool
from protocols.http.routes.proxy.request_head import OURS
from protocols.journal import Journal

Host = Literal["preserve", "origin"]

UPGRADES = ("websocket",)
"""Protocols that clients may go on with unless others are named: each is one that nothing here reads."""

NEVER = ("h2c", "h2", "http/", "tls/")
"""How those begin that would carry requests past this server."""

RESERVED = {name.decode("ascii") for name in OURS}
"""Fields that say something else, to the origin or to whatever stands before it."""


class ProxyRoute:
    """Passes requests on to `origins`, the responses back, neither held in memory.

    :param reactor: connects, and keeps the time.
    :param journal: the service's, whose name stands in front of what is logged of the origins.
    :param host: the Host that the origin sees: the client's, or its own.
    :param append: whether clients, which are proxies then, may say for whom they ask; else what they say
        of that is replaced.
    :param identity: the header field by which origins are told who has proved to be whom; what clients write
        there is not passed on.
    :param rewrite: whether Location fields that lead to the origin are made to lead here.
    :param upgrades: protocols with which clients may go on (RFC 9110, section 7.8).
    :param ca: PEM certificates of the authorities to trust instead of the system's (https).
    :param server_name: the name that the origins' certificates are for, if it is not in their URLs.
    :param certificate: PEM: what origins are shown that ask for a certificate (https); `key` is its key.

    Raises :class:`ValueError` for origins, protocols or certificates that cannot be used, and
    :class:`OSError` for files that cannot be read.
    """

    methods = METHODS
    subtree = False
    streams = True

    def __init__(
        self,
        origins: Sequence[OriginURL],
        *,
        reactor: Any,
        journal: Journal,
        limits: ProxyLimits | None = None,
        balance: Balance = "round_robin",
        host: Host = "preserve",
        append: bool = False,
        identity: str | None = None,
        rewrite: bool = True,
        upgrades: Sequence[str] = UPGRADES,
        ca: Path | None = None,
        server_name: str | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        if not origins:
            raise ValueError("a proxy needs an origin")
        limits = limits or ProxyLimits()
        tls: dict[str, Any] = {"ca": ca, "name": server_name, "certificate": certificate, "key": key}
        self.origins = [
            Origin(url, endpoint_for(url, reactor, limits, **tls), limits, journal.service) for url in origins
        ]
        if any(tls.values()) and not any(origin.encrypted for origin in self.origins):
            raise ValueError("ca, server_name and certificate are for origins whose URL begins with https://")
        self.appends = append
        if identity is not None and identity.lower() in RESERVED:
            raise ValueError(f"{identity} means something else; choose another field for the identity")
        self.identity = identity
        self.pool = OriginPool(self.origins, reactor, limits, balance)
        self._preserves = host == "preserve"
        self._rewrites = rewrite
        self._upgrades = frozenset(name.lower() for name in upgrades)
        if any(name.startswith(NEVER) for name in self._upgrades):
            raise ValueError("a client that goes on in HTTP or TLS could ask the origin for anything")

    def respond(self, request: StreamingRequest, rest: str) -> Deferred[Answer]:
        # What cannot be passed on is refused before there is a connection.
        for origin in self.origins:
            self.target(request, rest, origin)
        wish = request.upgrade or ""
        if wish not in self._upgrades:
            if wish and request.version == "2":
                # A client of HTTP/1.1 would rather speak it; this one wants nothing else (RFC 8441).
                raise HTTPError(501, "This protocol is not spoken here")
            wish = ""
        forwarding = Forwarding(self, request, rest, wish)
        forwarding.start()
        return forwarding.answer

    def stop(self) -> None:
        """Close the connections to the origins."""
        self.pool.stop()

    def target(self, request: RequestHead, rest: str, origin: Origin) -> bytes:
        """What `origin` is asked for.  Raises :class:`~protocols.http.HTTPError` (400)."""
        return origin_target(request.target, request.path, rest, origin.url.base)

    def host(self, request: RequestHead, origin: Origin) -> str:
        """The Host that `origin` sees."""
        return request.host if self._preserves and request.host else origin.url.authority

    def rewrite(self, response: Response, request: RequestHead, rest: str, origin: Origin) -> None:
        """Have the Location of `response` lead here, if it leads to `origin`."""
        if not self._rewrites:
            return
        mount = request.path[: len(request.path) - len(rest)]
        response.headers = tuple(
            (
                name,
                own_location(
                    value,
                    authority=origin.url.authority,
                    base=origin.url.base,
                    host=request.host,
                    mount=mount,
                ),
            )
            if name.lower() == "location"
            else (name, value)
            for name, value in response.headers
        )
