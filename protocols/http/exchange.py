"""One request and its response, between twisted.web and the site."""

# ruff: noqa: N802 - the names are those of twisted.web

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http import Request as WebRequest
from twisted.web.http_headers import Headers as WebHeaders

from protocols.http.errors import HTTPError, phrase
from protocols.http.fields import Headers
from protocols.http.pump import Pump
from protocols.http.request import Request
from protocols.http.response import BODILESS, Response
from protocols.http.source import PIECE, OctetsSource, Source
from protocols.http.target import split_target
from protocols.http.wire import SERVER, date_now

if TYPE_CHECKING:
    from protocols.http.channel import Channel


class Exchange(WebRequest):
    """What twisted.web makes of a request, as far as it is needed here."""

    channel: Channel
    content: BytesIO

    def __init__(self, channel: Channel, queued: object = False) -> None:
        super().__init__(channel, queued)
        self._factory = channel.factory
        self._peer = channel.peer
        self._received = 0
        self._request = Request("GET", "/", peer=channel.peer)
        self._pending: Deferred[Response] | None = None
        self._pump: Pump | None = None
        self._gone = False

    # -- the request ---------------------------------------------------------------------------------

    def parseCookies(self) -> None:
        """Nobody asks for them (Twisted would split them for each request)."""

    def gotLength(self, length: int | None) -> None:
        """The headers are here; `length` is ``None`` for a chunked body."""
        self.content = BytesIO()
        if length is not None and length > self._factory.body:
            self.channel.refuse(413)

    def handleContentChunk(self, data: bytes) -> None:
        """More of the body is here."""
        self._received += len(data)
        self.channel.body_received = self._received
        if self._received > self._factory.body:
            self.channel.refuse(413)
        elif not self.channel.refused:
            self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The request is here, whole."""
        channel = self.channel
        if channel.refused:
            return
        self.method, self.uri, self.clientproto = command, path, version
        channel.answering = True
        headers = Headers(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in self.requestHeaders.getAllRawHeaders()
            for value in values
        )
        body = self.content.getvalue()
        method = command.decode("ascii")
        self._request = Request(method, "/", headers=headers, peer=self._peer)
        try:
            where, query = split_target(path.decode("latin-1"))
        except HTTPError as error:
            self._explain(error)
            return
        self._request = Request(method, where, query, headers, body, self._peer)
        # A client that does not read its responses gets no more of them made.
        channel.when_writable(self._ask)

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone."""
        self._gone = True
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()
        if self._pump is not None:
            self._pump.stopProducing()
        super().connectionLost(reason)

    # -- the response --------------------------------------------------------------------------------

    def _ask(self) -> None:
        try:
            outcome = self._factory.site.respond(self._request)
        except BaseException as error:  # noqa: BLE001 - whatever a route raises ends here, an exit too
            self._explain(error)
            return
        if isinstance(outcome, Deferred):
            self._pending = outcome
            outcome.addCallbacks(self._answered, self._failed)
        else:
            self._send(outcome)

    def _answered(self, response: Response) -> None:
        self._pending = None
        self._send(response)

    def _failed(self, failure: Failure) -> None:
        self._pending = None
        if not self._gone:
            assert failure.value is not None
            self._explain(failure.value)

    def _explain(self, error: BaseException) -> None:
        self._send(self._factory.site.explain(self._request, error))

    def _send(self, response: Response) -> None:
        content = response.content
        if self._gone:
            if isinstance(content, Source):
                content.close()
            return
        self._set_headers(response)
        if self.method == b"HEAD" or response.status in BODILESS:
            if isinstance(content, Source):
                content.close()
            self.finish()
            return
        if isinstance(content, bytes):
            if len(content) <= PIECE:
                self.write(content)
                self.finish()
                return
            content = OctetsSource(content)
        self._pump = Pump(
            content,
            write=self.write,
            done=self._poured,
            clock=self._factory.clock,
            paused=self.channel.blocked,
        )
        self.registerProducer(self._pump, True)
        self._pump.start()

    def _set_headers(self, response: Response) -> None:
        self.setResponseCode(response.status, phrase(response.status).encode("ascii"))
        headers = self.responseHeaders = WebHeaders()
        headers.setRawHeaders(b"Server", [SERVER])
        headers.setRawHeaders(b"Date", [date_now()])
        if self.channel.ends_after_this():
            headers.setRawHeaders(b"Connection", [b"close"])
        if response.content_type is not None:
            headers.setRawHeaders(b"Content-Type", [response.content_type.encode("latin-1")])
        content = response.content
        length = len(content) if isinstance(content, bytes) else content.length
        if length is not None and response.status not in (204, 304):
            headers.setRawHeaders(b"Content-Length", [b"%d" % length])
        for name, value in response.pairs():
            headers.addRawHeader(name.encode("ascii"), value.encode("latin-1"))

    def _poured(self, error: BaseException | None) -> None:
        """The body's source has ended, with `error` or well."""
        self._pump = None
        self.unregisterProducer()
        if error is None:
            self.finish()
        elif not self.startedWriting:
            self._explain(error)
        else:
            # The client must not take what it got for the whole.
            self._factory.site.explain(self._request, error)
            self.channel.abort()
