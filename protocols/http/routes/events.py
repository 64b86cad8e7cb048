"""A route whose answer is a stream of Server-Sent Events (HTML Standard, section 9.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.codec import DecodeError
from protocols.codec.validation import python_validator
from protocols.handlers.coroutines import runner
from protocols.handlers.items import items_of
from protocols.handlers.signature import name_of
from protocols.handlers.threads import ThreadPool
from protocols.http.errors import HTTPError
from protocols.http.event import encode_event, retry_line
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.arguments import Arguments
from protocols.http.routes.event_stream import EventStream
from protocols.http.routes.route_signature import RouteSignature, route_signature
from protocols.http.routing import parameter_names
from protocols.http.source import Source
from protocols.journal import Journal

MEDIA: Final = "text/event-stream"

RETRY: Final = 3.0
"""Seconds after which a browser comes back: what most of them do anyway."""

HEARTBEAT: Final = 15.0
"""Seconds of silence before a comment: well below the minute after which proxies hang up."""

STREAMS: Final = 100
"""Clients of one route at a time: each holds a connection for as long as its page is open."""

PATIENCE: Final = 0.5
"""Seconds that the head waits for the first event: a function that refuses a client, or has nothing left to
say to one that comes back, has done so by then; and the page of a quiet stream hears soon that it is open."""

HEADERS: Final = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
"""Nobody is to keep the stream; and proxies, nginx among them, are not to hold it back."""

LAST_EVENT_ID: Final = "last_event_id"


class Unmeasured(Source):
    """What a HEAD is told of a stream: that nobody knows its length (RFC 9110, section 8.6)."""

    def read(self) -> None:
        """A HEAD has no body."""

    def close(self) -> None:
        """Nothing is held."""


class EventsRoute:
    """Calls a generator for each client, and sends what it yields as events: text, values as JSON, or
    :class:`~protocols.http.Event`.

    The generator may ask for parameters of the path and the query, for ``peer: Peer`` and
    ``request: Request``, and for ``last_event_id``: what the client heard last before it came back.  It is
    closed when the client leaves, and waits while the client does not read.

    What it raises before its first event is the answer, such as an :class:`~protocols.http.HTTPError` that
    refuses the client; so the head waits for that event, :data:`PATIENCE` at most.

    When it ends, so does the stream, and browsers come back; one that came back, and for which the generator
    ends before its first event, gets 204, after which it stays away.

    :param path: the path of the route, whose names in braces are parameters.
    :param run: an ``async def`` runs in the loop; a ``def`` in a thread per client, or in the loop, where it
        must never wait.
    :param retry: seconds after which a browser comes back.
    :param heartbeat: seconds of silence before a comment is sent.
    :param streams: clients at a time; others get 503.

    Raises :class:`TypeError` for what is no generator, or takes what a GET cannot say.
    """

    methods = ("GET", "HEAD")
    subtree = False
    streams = False

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        reactor: Any,
        journal: Journal,
        path: str = "",
        run: Literal["loop", "threads"] | None = None,
        retry: float = RETRY,
        heartbeat: float = HEARTBEAT,
        streams: int = STREAMS,
    ) -> None:
        self.signature = events_signature(function, path)
        is_async = self.signature.kind == "async generator"
        if is_async and run == "threads":
            raise TypeError(f"{self.signature.name} is async and runs in the loop")
        self._function = function
        self._journal = journal
        self._clock = reactor
        self._arguments = Arguments(self.signature, header=last_event_id)
        self._beginning = retry_line(retry)
        self._retry = max(1, round(retry))
        self._heartbeat = heartbeat
        self._limit = streams
        self._open: set[EventStream] = set()
        self._draining = False
        threads = None
        if not is_async and run != "loop":
            threads = ThreadPool(reactor, streams, self.signature.name)
        self._runtime = _Endless(threads, runner(reactor))

    def respond(self, request: Request, rest: str) -> Response | Deferred[Response]:
        arguments = self._arguments.read(request)
        if request.method == "HEAD":
            return Response(Unmeasured(), content_type=MEDIA, headers=HEADERS)
        if self._draining or len(self._open) >= self._limit:
            why = "The service is stopping" if self._draining else f"{self._limit} streams are open already"
            raise HTTPError(503, why, {"Retry-After": str(self._retry)})
        came_back = last_event_id(request, LAST_EVENT_ID) is not None
        return self._answer(self._begin(arguments, request), came_back)

    def drain(self) -> None:
        """End the streams, and begin no other."""
        self._draining = True
        for stream in list(self._open):
            stream.drain()

    def stop(self) -> None:
        """End the threads."""
        if self._runtime.threads is not None:
            self._runtime.threads.stop()

    def _begin(self, arguments: dict[str, Any], request: Request) -> EventStream:
        peer, request_id = request.peer, request.id

        def report(error: BaseException) -> None:
            self._journal.failed(peer, error, request=request_id)

        # A thread may wait for long in front of each event, so none is to wait for the next one.
        most = 1 if self._runtime.threads is not None else None
        generator = self._function(**arguments)
        stream = EventStream(
            items_of(generator, encode_event, self._runtime, report, most=most),
            beginning=self._beginning,
            heartbeat=self._heartbeat,
            clock=self._clock,
            released=self._open.discard,
        )
        self._open.add(stream)
        return stream

    def _answer(self, stream: EventStream, came_back: bool) -> Response | Deferred[Response]:
        """The answer to a client, once it is clear whether there is an event, or after a while."""

        def answer(there_is_more: bool) -> Response:
            if there_is_more or not came_back:
                return Response(stream, content_type=MEDIA, headers=HEADERS)
            stream.close()
            return Response(status=204)

        def give_up(failure: Failure) -> Failure:
            stream.close()
            return failure

        try:
            there_is_more = stream.has_events(min(PATIENCE, self._heartbeat))
        except BaseException:
            stream.close()
            raise
        if isinstance(there_is_more, Deferred):
            return there_is_more.addCallbacks(answer, give_up)
        return answer(there_is_more)


class _Endless:
    """Where a generator runs that may take its time."""

    def __init__(self, threads: ThreadPool | None, run_coroutine: Callable[[Any], Any]) -> None:
        self.threads = threads
        self._run_coroutine = run_coroutine

    def run_coroutine(self, coroutine: Any, /) -> Any:
        return self._run_coroutine(coroutine)

    def limited(self, outcome: Deferred[Any], /) -> Deferred[Any]:
        return outcome


def events_signature(function: Callable[..., Any], path: str = "") -> RouteSignature:
    """What the generator `function` takes, which is to make the events at `path`.

    Raises :class:`TypeError`, with what is wrong in words.
    """
    signature = route_signature(
        function, parameter_names(path), headers={LAST_EVENT_ID: "Last-Event-ID"}, content=False
    )
    if "generator" not in signature.kind:
        raise TypeError(f"{name_of(function)} makes events, so it must be a generator: a def that yields")
    for parameter in signature.parameters:
        if parameter.name == LAST_EVENT_ID:
            try:
                python_validator(parameter.annotation)(None)
            except DecodeError:
                raise TypeError(
                    f"{signature.name}: a client's first request has no last_event_id, so it must take None: "
                    f"last_event_id: str | None"
                ) from None
    return signature


def last_event_id(request: Request, name: str) -> str | None:
    """What the client heard last: of the header field, or of the query, where scripts put it that stand in
    for ``EventSource``.  Raises :class:`DecodeError` for what is not UTF-8."""
    said = request.headers.get("last-event-id")
    if said is None:
        return request.query.get("lastEventId")
    try:
        return said.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise DecodeError.malformed("Last-Event-ID is not UTF-8 text", "utf8_invalid") from None
