"""Posts messages to an HTTP server."""

from __future__ import annotations

from http import HTTPStatus
from http.cookiejar import CookieJar
from typing import Any, Final
from urllib.parse import urljoin

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, succeed  # noqa: A004
from twisted.internet.interfaces import IConsumer, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from twisted.web.client import (
    URI,
    Agent,
    CookieAgent,
    HTTPConnectionPool,
    RequestGenerationFailed,
    RequestTransmissionFailed,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from protocols.channels.forward.answer import PHRASE, one_line, read_answer
from protocols.channels.forward.bounded_endpoint import BoundedEndpoint, TooLongError
from protocols.channels.forward.delivery import UnreachableError, body_of
from protocols.channels.forward.mask import Mask
from protocols.channels.forward.outcome import PASSED, Outcome, of_status
from protocols.channels.forward.ready_endpoint import ReadyEndpoint
from protocols.channels.forward.request_fields import RequestFields
from protocols.channels.forward.retry_after import seconds_to_wait
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.forward.webhook_url import WebhookURL
from protocols.channels.message import Message
from protocols.handlers.forward.target import Target
from protocols.outgoing_reason import why_unreachable
from protocols.outgoing_tls import OutgoingTLS

KEEP_ALIVE: Final = 4.0
"""Seconds that an unused connection is kept: less than the 5 s after which common servers close theirs, so
that few requests meet a connection that is just being closed."""

COOKIES: Final = 100
"""Cookies that are kept: a session needs one or two."""

LINGER: Final = 2.0
"""Seconds that the target has to close its side of what is closed; then it is cut off."""

ALPN: Final = (b"http/1.1",)

REDIRECTS: Final = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
"""Those that want the same request elsewhere (RFC 9110, sections 15.4.8 and 15.4.9)."""


@implementer(IAgentEndpointFactory)
class WebhookDelivery:
    """Posts each message to `url`.

    Connections are kept for the next; proxies that the environment names are not used.

    :param name: of the channel.
    :param tls: what the server must prove; for https.  Unless given, to be its host, by an authority of the
        system's.
    :param now: the time, in seconds since the epoch.

    Raises :class:`ValueError` for secrets or headers that are none.
    """

    def __init__(
        self,
        url: WebhookURL,
        name: str,
        settings: ForwardSettings,
        *,
        reactor: Any,
        now: Any,
        tls: OutgoingTLS | None = None,
    ) -> None:
        self.url = url
        self.settings = settings
        self._reactor = reactor
        self._now = now
        self._fields = RequestFields(name, settings)
        if url.scheme != "https":
            tls = None
        elif tls is None:
            tls = OutgoingTLS(url.host, protocols=ALPN)
        self._endpoint = ReadyEndpoint(Target("tcp", url.host, url.port), reactor, settings.connect, tls)
        self._bounded = BoundedEndpoint(self._endpoint)
        self._pool = HTTPConnectionPool(reactor)
        self._pool.retryAutomatically = False  # whoever asks knows when to
        self._pool.maxPersistentPerHost = self.at_a_time
        self._pool.cachedConnectionTimeout = KEEP_ALIVE  # type: ignore[assignment]  # Twisted says int
        self._jar = CookieJar()
        agent: IAgent = Agent.usingEndpointFactory(reactor, self, self._pool)
        self._agent = CookieAgent(agent, self._jar) if settings.cookies else agent
        self._mask = Mask(url, settings)
        self._under_way: dict[Deferred[Any], None] = {}
        self._is_aborted = False

    @property
    def at_a_time(self) -> int:
        """One request, unless somebody wants more."""
        return self.settings.inflight or 1

    @property
    def keeps_order(self) -> bool:
        """Requests that are under way together may overtake one another."""
        return self.at_a_time == 1

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:  # noqa: N802 - Twisted's
        """There is one only."""
        return self._bounded

    def send(self, message: Message) -> Deferred[Outcome]:
        """Post `message` once."""
        posting: Deferred[Any] = Deferred.fromCoroutine(self._post(message))
        self._under_way[posting] = None
        posting.addTimeout(self.settings.deadline, self._reactor)
        posting.addErrback(self._failed)
        posting.addBoth(self._over, posting)
        return posting

    def connect(self) -> Deferred[None]:
        """Open a connection, and close it."""
        return self._endpoint.connect(Factory.forProtocol(_Nothing)).addCallback(_close)

    def abort(self) -> None:
        """Break all requests off."""
        self._is_aborted = True
        for posting in tuple(self._under_way):
            posting.cancel()
        self._is_aborted = False

    def close(self) -> Deferred[None]:
        """Close the connections."""
        closing: Deferred[None] = self._pool.closeCachedConnections()
        timer = self._reactor.callLater(LINGER, self._endpoint.abort)

        def closed(_: object) -> None:
            if timer.active():
                timer.cancel()
            self._endpoint.abort()

        return closing.addBoth(closed)

    # --------------------------------------------------------------------------------------------------

    async def _post(self, message: Message) -> Outcome:
        body = body_of(message, self.settings)
        fields = self._fields.of(message, body, self._now())
        url, end = self.url.octets, self._reactor.seconds() + self.settings.deadline
        for left in range(self.settings.redirects, -1, -1):
            response: IResponse = await self._agent.request(b"POST", url, fields, _Content(body))
            if len(self._jar) > COOKIES:
                self._jar.clear()
            answer = await read_answer(response)
            elsewhere = self._elsewhere(url, response) if left else None
            if elsewhere is None or self._is_aborted or self._reactor.seconds() >= end:
                break  # an answer that was cut short looks like others, and nothing would end a new request
            url = elsewhere
        if 200 <= response.code < 300:
            return PASSED
        return of_status(response.code, self._words(response, answer), self._wait(response))

    def _elsewhere(self, url: bytes, response: IResponse) -> bytes | None:
        """Where the same request is wanted, if that is one of our own places."""
        if response.code not in REDIRECTS:
            return None
        location = _field(response, b"location")
        try:
            wanted = WebhookURL.parse(urljoin(url.decode(), location)) if location else None
        except ValueError:
            return None
        return wanted.octets if wanted is not None and str(wanted) == str(self.url) else None

    def _words(self, response: IResponse, answer: bytes) -> str:
        """What the server has said, without what it must not know by heart."""
        phrase = self._mask.over(response.phrase.decode("latin-1"))
        words = f"{response.code} {one_line(phrase, PHRASE)}".strip()
        excerpt = one_line(self._mask.over(answer.decode("utf-8", "replace")))
        return f"{words}: {excerpt}" if excerpt else words

    def _wait(self, response: IResponse) -> float:
        return seconds_to_wait(_field(response, b"retry-after"), self._now())

    def _failed(self, failure: Failure) -> Outcome | Failure:
        """There was no answer."""
        error = failure.value
        if isinstance(error, UnreachableError):
            return Outcome("unreachable", str(error))
        if self._is_aborted:
            return Outcome("unreachable", "broken off by us")
        if isinstance(error, TimeoutError) or _was_cancelled(error):
            return Outcome("failed", f"no answer within {self.settings.deadline:g} s")
        if isinstance(error, ResponseNeverReceived | RequestTransmissionFailed):
            return Outcome("failed", self._mask.over(f"no answer: {_cause(error.reasons)}"))
        if isinstance(error, ResponseFailed | RequestGenerationFailed):
            return Outcome("failed", self._mask.over(f"the answer cannot be read: {_cause(error.reasons)}"))
        return failure

    def _over(self, result: Any, posting: Deferred[Any]) -> Any:
        del self._under_way[posting]
        return result


def _field(response: IResponse, name: bytes) -> str:
    """The value of a field of the answer; empty: there is none."""
    values: Any = response.headers.getRawHeaders(name)
    return values[-1].decode("latin-1") if values else ""


def _was_cancelled(error: BaseException | None) -> bool:
    """Whether it ended because of us."""
    reasons = getattr(error, "reasons", ())
    return isinstance(error, CancelledError) or any(reason.check(CancelledError) for reason in reasons)


def _cause(reasons: Any) -> str:
    """The first reason of several that an error of twisted.web has."""
    error = reasons[0].value if reasons else None
    if isinstance(error, TooLongError):
        return str(error)
    if error is None or type(error).__module__.startswith("twisted.internet"):
        return why_unreachable(error)
    return one_line(f"{type(error).__name__}: {error}")


class _Nothing(Protocol):
    """Is only there."""


def _close(protocol: Any) -> None:
    protocol.transport.loseConnection()


@implementer(IBodyProducer)
class _Content:
    """A body, all of which is here."""

    def __init__(self, body: bytes) -> None:
        self.length = len(body)
        self._body = body

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Everything was written."""

    def resumeProducing(self) -> None:
        """Everything was written."""

    def stopProducing(self) -> None:
        """Everything was written."""
