"""One request and its response, whatever version of HTTP carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.http.body import HELD, BodyStream, ClientGoneError
from protocols.http.contract import Answer
from protocols.http.errors import HTTPError
from protocols.http.fields import Headers
from protocols.http.local_redirect import LocalRedirect, redirected
from protocols.http.request import Request, RequestHead, StreamingRequest
from protocols.http.response import BODILESS, Response
from protocols.http.routing import Match
from protocols.http.server.exchange_times import ExchangeTimes
from protocols.http.server.pump import Pump
from protocols.http.server.tapping import request_came
from protocols.http.source import PIECE, OctetsSource, Source
from protocols.http.upgrade import Upgrade
from protocols.session import Peer

if TYPE_CHECKING:
    from protocols.http.server.carrier import Carrier
    from protocols.http.server.factory import HTTPFactory

SKIPPED = 64 * 1024
"""Bytes of content nobody reads that are taken off the wire so that the connection can stay open."""

SMALL = 4096
"""Bytes below which pieces of the content are joined as they come: many small ones take up a multiple of
what they hold."""


class Exchange(ExchangeTimes):
    """One request and its response.

    The carrier says :meth:`begin` when it is this request's turn, :meth:`piece` and :meth:`end` as the
    content comes, also before that, and :meth:`lost` when the client has gone.

    :param request: the request, still without its content.
    :param length: bytes of the content, ``None`` where they are not known before.
    """

    __slots__ = (
        "_body",
        "_carrier",
        "_length",
        "_limit",
        "_match",
        "_pending",
        "_pieces",
        "_pump",
        "_redirects",
        "_response",
        "answered",
        "complete",
        "expects",
        "fault",
        "finished",
        "gone",
        "keeps",
        "length",
        "received",
        "request",
        "sent",
        "status",
    )

    def __init__(self, carrier: Carrier, factory: HTTPFactory, request: Request, length: int | None) -> None:
        super().__init__(factory)
        self.request: RequestHead = request
        self.length = length
        self.keeps = True
        """Whether the connection stays open after this (HTTP/1)."""
        self.expects = False
        """Whether the client waits to be told to send the content."""
        self.fault: HTTPError | None = None
        """What is wrong with the request before anything is looked for."""
        self.complete = False
        """Whether the content is here, whole."""
        self.answered = False
        """Whether a response has begun."""
        self.finished = False
        """Whether the response has been written whole."""
        self.gone = False
        """Whether nobody waits for the response."""
        self.received = 0
        """Bytes of the content so far."""
        self.status = self.sent = 0
        """Of the response so far: its status, and bytes of its body."""
        self._carrier = carrier
        self._limit = factory.limits.body
        self._match: Match | None = None
        self._body: BodyStream | None = None
        self._pieces: list[bytes] = []
        self._pending: Deferred[Answer] | None = None
        self._pump: Pump | None = None
        self._redirects = 0
        self._response: Response | None = None  # whose head waits for the first piece of its body
        self._length: int | None = None

    @property
    def must_wait(self) -> bool:
        """Whether more of the content has come than its reader has taken."""
        return self._body is not None and self._body.held >= HELD

    @property
    def held(self) -> int:
        """Bytes of the content that have come and that its reader has not taken."""
        return self._body.held if self._body is not None else 0

    @property
    def gathers(self) -> bool:
        """Whether the content is kept until it is whole."""
        return self._body is None and not self.answered

    @property
    def can_be_skipped(self) -> bool:
        """Whether the rest of the content is worth reading, only to be dropped."""
        ends = self.length is not None and not self.expects
        return self.complete or (ends and (self.length or 0) - self.received <= SKIPPED)

    # -- the request ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """It is this request's turn: find out what answers it."""
        if self._factory.trusted is not None:
            self._factory.trusted.apply(self.request)
        if self._factory.tap.watched:
            request_came(self._factory.tap, self, self._factory.redact)
        try:
            found = self._find()
        except HTTPError as error:
            self._explain(error)
            return
        if not isinstance(found, Match):
            self._send(found)
            return
        self.request.parameters = found.parameters
        if found.entry.route.streams:
            self._stream()
        elif self.complete:
            self.end()
        elif self.received > self._limit:
            self._too_long()
        elif self.length != 0:
            self._carrier.go_on(self)

    def _find(self) -> Match | Response:
        if self.fault is not None:
            raise self.fault
        found = self._factory.site.find(self.request)
        if type(found) is Match:
            self._match = found
            if found.entry.body is not None:
                self._limit = found.entry.body
            if self.length and self.length > self._limit:
                raise HTTPError(413, f"The content has more than {self._limit} bytes")
        return found

    def _stream(self) -> None:
        """Ask a route that reads the content as it comes."""
        body = self._body = BodyStream(self, self.length)
        for piece in self._pieces:
            body.feed(piece)
        self._pieces.clear()
        if self.complete:
            body.finish()
        self._ask(StreamingRequest(self.request, body, self.identified))

    def piece(self, piece: bytes) -> None:
        """More of the content is here."""
        self.received += len(piece)
        if self.answered and self._body is None:
            return  # nobody reads it
        if self._match is not None and self.received > self._limit:
            self._too_long()
        elif self._body is not None:
            self._body.feed(piece)
        elif self._pieces and len(self._pieces[-1]) < SMALL:
            self._pieces[-1] += piece
        else:
            self._pieces.append(piece)

    def end(self, trailers: Headers | None = None) -> None:
        """The content is here, whole."""
        self.complete = True
        if self._body is not None:
            self._body.finish(trailers)
        elif self._match is not None and not self.answered:
            if self.received > self._limit:
                self._too_long()
                return
            request = self.request
            assert isinstance(request, Request)
            if self._pieces:
                request.body = b"".join(self._pieces)
                self._pieces.clear()
            self._ask(request)

    def lost(self) -> None:
        """The client is gone."""
        if not (self.gone or self.finished):
            self._factory.given_up(self)
        self.gone = True
        pending, self._pending = self._pending, None
        try:
            if self._body is not None:
                self._body.fail(ClientGoneError("the client went away"))
            if pending is not None:
                pending.cancel()
            if self._pump is not None:
                self._pump.stopProducing()
        except Exception as error:  # noqa: BLE001 - what a route raises is no affair of the connection's
            self._factory.site.explain(self.request, error)

    def _too_long(self) -> None:
        error = HTTPError(413, f"The content has more than {self._limit} bytes")
        if self._body is not None:
            self._body.fail(error)
        elif not self.answered:
            self._explain(error)

    # -- the body's side (Inflow) --------------------------------------------------------------------

    def wanted(self) -> None:
        if not self.answered:
            self._carrier.go_on(self)

    def taken(self, size: int) -> None:
        self._carrier.taken(self)

    def identified(self, peer: Peer) -> None:
        """More is known of who asks."""
        self.request = self.request.with_peer(peer)

    # -- the response --------------------------------------------------------------------------------

    def _ask(self, request: RequestHead) -> None:
        match = self._match
        assert match is not None
        self.asks(self._factory.clock.seconds())
        outcome: object
        try:
            outcome = match.entry.route.respond(request, match.rest)
        except BaseException as error:  # noqa: BLE001 - whatever a route raises ends here, an exit too
            outcome = error
        self.settle(match, outcome)
        del outcome  # an error knows this frame

    def settle(self, match: Match, outcome: Any) -> None:
        """The route of `match` has answered, or will, with `outcome`, or has raised it."""
        self._match = match
        if type(outcome) is Response:
            self._respond(outcome)
        elif isinstance(outcome, Deferred):
            self._pending = outcome
            outcome.addCallbacks(self._come, self._failed)
        elif isinstance(outcome, BaseException):
            self._explain(outcome)
        else:
            self._send(outcome)

    def _come(self, answer: Answer) -> None:
        self._pending = None
        self._send(answer)

    def _failed(self, failure: Failure) -> None:
        self._pending = None
        if not self.gone:
            self._explain(failure.value)  # type: ignore[arg-type]  # every failure of a Deferred has one

    def _explain(self, error: BaseException) -> None:
        route = None if self._match is None else self._match.entry.route
        try:
            answer = self._factory.site.answer_to(self.request, error, route)
        except Exception as another:  # noqa: BLE001 - such as a header made of what the client sent
            answer = self._factory.site.explain(self.request, another)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        if isinstance(answer, Response):
            self._respond(answer)
        elif isinstance(answer, Upgrade):
            if not self.gone:
                self.answered = True
                self._carrier.tunnel(self, answer)
        elif isinstance(answer, LocalRedirect):
            self._redirect(answer)
        else:
            self._explain(TypeError(f"a route answers with a Response, not a {type(answer).__name__}"))

    def _respond(self, answer: Response) -> None:
        content = answer.content
        if self.gone or self.answered:
            if isinstance(content, Source):
                content.close()
            return
        self.answered = True
        self.status = answer.status
        if type(content) is bytes and len(content) <= PIECE:
            if self.request.method != "HEAD":
                self.sent = len(content)
            self._carrier.answer(self, answer, content)
            self.close_body()
            return
        source = content if isinstance(content, Source) else OctetsSource(content)
        if self.request.method == "HEAD" or answer.status in BODILESS:
            source.close()
            self._carrier.begin(self, answer, source.length)
            self._carrier.finish(self)
            self.close_body()
            return
        self._response = answer
        self._length = source.length
        self._pump = Pump(
            source,
            write=self._write,
            done=self._poured,
            clock=self._factory.clock,
            paused=self._carrier.blocked,
        )
        self._pump.start()

    def _redirect(self, redirect: LocalRedirect) -> None:
        """Have another path answer."""
        if self.gone or self.answered:
            return
        self.close_body()
        self._redirects += 1
        try:
            request = self.request = redirected(self.request, redirect.target, self._redirects)
            found = self._factory.site.find(request)
        except (HTTPError, RecursionError) as error:
            self._explain(error)
            return
        if not isinstance(found, Match):
            self._send(found)
            return
        self._match = found
        request.parameters = found.parameters
        if found.entry.route.streams:
            # What still comes of the content goes to the stream that was closed.
            nothing = BodyStream(self, 0)
            nothing.finish()
            self._ask(StreamingRequest(request, nothing, self.identified))
        else:
            self._ask(request)

    def _begin(self) -> None:
        """Send the head, if that has not been done."""
        response, self._response = self._response, None
        if response is not None:
            self._carrier.begin(self, response, self._length)

    def _write(self, piece: bytes) -> None:
        self._begin()
        if piece:
            self.sent += len(piece)
            if self._length is not None and self.sent > self._length:
                raise ValueError(f"the body is longer than the {self._length} bytes it announced")
            self._carrier.write(self, piece)

    def _poured(self, error: BaseException | None) -> None:
        """The body's source has ended, with `error` or well."""
        self._pump = None
        if error is not None and self._response is not None:
            # It has not begun, so the client can be told.
            self._response = None
            self.answered = False
            self._explain(error)
            return
        self._begin()
        if error is None and self._length is not None and self.sent < self._length:
            error = ValueError(f"the body is shorter than the {self._length} bytes it announced")
        if error is None:
            self._carrier.finish(self)
        else:
            # The client must not take what it got for the whole.
            self._factory.site.explain(self.request, error)
            self._carrier.reset(self)
        self.close_body()

    def close_body(self) -> None:
        """Nobody reads what is left of the content."""
        if self._body is not None:
            self._body.close()

    def pause(self) -> None:
        """The client does not read."""
        if self._pump is not None:
            self._pump.pauseProducing()

    def resume(self) -> None:
        """The client reads again."""
        if self._pump is not None:
            self._pump.resumeProducing()
