"""What a request of twisted.web takes for its connection."""

# ruff: noqa: N802 - the names are Twisted's

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.server import Site

from protocols.handlers.deadline import CallTimeoutError, Deadlines
from protocols.http.errors import HTTPError
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.app_head import AppHead, NoContent
from protocols.http.routes.body_tally import BodyTally
from protocols.http.routes.outflow import Outflow
from protocols.http.routes.resource.producer import Production
from protocols.http.routes.resource.request import ResourceRequest
from protocols.journal import Journal

_PORTS = {"http": 80, "https": 443}


class Channel:
    """Turns what a resource writes into a response: a short one, or one that is written while it is sent.

    What is written in one turn of the reactor is gathered before the response begins.
    """

    factory = None
    """Which would log the request."""

    def __init__(
        self, site: Site, request: Request, *, reactor: Any, journal: Journal, deadlines: Deadlines, late: str
    ) -> None:
        self.site = site
        self.transport = self
        self._asked = request
        self._reactor = reactor
        self._journal = journal
        self._deadlines = deadlines
        self._late = late
        self._answer: Deferred[Response] = Deferred(lambda _: self._left())
        self._request: ResourceRequest | None = None
        self._head: AppHead | None = None
        self._outflow: Outflow | None = None
        self._tally: BodyTally
        self._beginning: IDelayedCall | None = None
        self._production: Production | None = None

    def start(self, rest: str) -> Deferred[Response]:
        """The answer of the site's resource; cancelling it tells that the client has gone."""
        self._deadlines.begin(self, self._expired)
        self._request = ResourceRequest(self, self._asked, rest)
        self._request.receive(self._asked)
        return self._answer

    # -- what a connection knows ---------------------------------------------------------------------

    def getPeer(self) -> IAddress:
        peer = self._asked.peer
        try:
            version = ip_address(peer.host).version
        except ValueError:
            return UNIXAddress(peer.host.encode("utf-8", "surrogateescape") or None)
        return (IPv4Address if version == 4 else IPv6Address)("TCP", peer.host, peer.port)

    def getHost(self) -> IAddress:
        """What the client asked for."""
        name, colon, port = self._asked.host.rpartition(":")
        if colon and port.isdecimal():
            return IPv4Address("TCP", name, int(port))
        return IPv4Address("TCP", self._asked.host, _PORTS[self._asked.scheme])

    def isSecure(self) -> bool:
        return self._asked.scheme == "https"

    # -- the request's side --------------------------------------------------------------------------

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        fields = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in headers.getAllRawHeaders()
            for value in values
        ]
        self._head = head = AppHead(int(code), fields)
        self._outflow = Outflow(head.length, left=self._left, drained=self._drained, hungry=self._hungry)
        self._tally = BodyTally(head.length, self._report)
        self._begin_soon()

    def write(self, data: bytes) -> None:
        outflow = self._outflow
        assert outflow is not None
        outflow.put(self._tally.fitting(data))
        if outflow.full and self._production is not None:
            self._production.pause()

    def writeSequence(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def requestDone(self, request: ResourceRequest) -> None:
        """The resource has written everything."""
        self._request = None
        head, outflow = self._head, self._outflow
        if head is None or outflow is None:
            return  # it has failed
        error = None if head.bodiless(self._asked.method) else self._tally.shortfall
        outflow.finish(error)
        if not self._answer.called:
            self._settle(error, head, outflow)

    def _settle(self, error: BaseException | None, head: AppHead, outflow: Outflow) -> None:
        self._begun()
        body = outflow.whole()
        outflow.close()
        if error is not None:
            self._answer.errback(error)
        elif head.bodiless(self._asked.method):
            self._answer.callback(head.response(NoContent(head.length)))
        else:
            self._answer.callback(head.response(body))

    def fail(self, reason: Failure) -> None:
        """The resource could not be rendered."""
        self._begun()
        if not self._answer.called:
            self._answer.errback(reason)
        elif self._outflow is not None:
            self._outflow.finish(reason.value)
        self._head = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._production = Production(producer, streaming, self._reactor)
        if self._outflow is not None and self._outflow.full:
            self._production.pause()
        elif self._outflow is None or self._outflow.hungers:
            self._hungry()

    def unregisterProducer(self) -> None:
        self._production = None

    def loseConnection(self) -> None:
        """The resource has had enough of its client."""
        self._abort()

    def abortConnection(self) -> None:
        self._abort()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self._begun()
        self._answer.errback(HTTPError(400, "The form cannot be read"))

    # -- the client's side ---------------------------------------------------------------------------

    def _begin_soon(self) -> None:
        self._beginning = self._reactor.callLater(0, self._begin)

    def _begin(self) -> None:
        self._beginning = None
        self._begun()
        head, outflow = self._head, self._outflow
        if head is None or outflow is None or self._answer.called:
            return
        bodiless = head.bodiless(self._asked.method)
        outflow.begin()
        self._answer.callback(head.response(NoContent(head.length) if bodiless else outflow))

    def _begun(self) -> None:
        self._deadlines.end(self)
        beginning, self._beginning = self._beginning, None
        if beginning is not None:
            beginning.cancel()

    def _drained(self) -> None:
        if self._production is not None:
            self._production.resume()

    def _hungry(self) -> None:
        if self._production is not None:
            self._production.produce(self._wants)

    def _wants(self) -> bool:
        """Whether the client waits for more, or nothing has been written for it yet."""
        return self._production is not None and (self._outflow is None or self._outflow.hungers)

    def _left(self) -> None:
        """The client has gone."""
        self._lose(Failure(ConnectionDone("the client went away")))

    def _expired(self) -> None:
        error = CallTimeoutError(self._late)
        self._lose(Failure(error))
        self._answer.errback(error)

    def _abort(self) -> None:
        error = ConnectionDone("the resource closed the connection")
        self._lose(Failure(error))
        if not self._answer.called:
            self._answer.errback(error)
        elif self._outflow is not None:
            self._outflow.finish(error)

    def _report(self, error: BaseException) -> None:
        self._journal.failed(self._asked.peer, error, request=self._asked.id)

    def _lose(self, reason: Failure) -> None:
        self._begun()
        request, self._request = self._request, None
        production, self._production = self._production, None
        if production is not None:
            production.stop()
        if request is not None:
            request.connectionLost(reason)
