"""A route that stands for a channel."""

from __future__ import annotations

from collections.abc import Container
from typing import Final, Literal

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.channels.batch import Batch
from protocols.channels.channel import Channel
from protocols.channels.errors import UnavailableError
from protocols.channels.since import ALL, Since
from protocols.http.cross_site import is_of_another_site
from protocols.http.errors import HTTPError
from protocols.http.event import retry_line
from protocols.http.request import StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.channel.event_forms import body_event, json_event
from protocols.http.routes.channel.history import History
from protocols.http.routes.channel.live_events import LiveEvents
from protocols.http.routes.channel.long_poll import LongPoll
from protocols.http.routes.channel.page import Page
from protocols.http.routes.channel.publication import publication
from protocols.http.routes.channel.refusals import RETRY_AFTER, refusal
from protocols.http.routes.channel.wanted import EVENTS, Wanted
from protocols.http.routes.events import HEADERS, HEARTBEAT, RETRY, Unmeasured

BEATS: Final = 2
"""How often within a heartbeat it is looked who has heard nothing: one timer for all clients."""


class ChannelRoute:
    """A channel as a resource.

    GET and HEAD read it: what is past as lines or as pages, the next message when it comes (``wait=``), or
    all of it as events; POST publishes to it.

    :param clock: for timers: a reactor.
    :param publishes: whether clients may publish.
    :param reads: whether they may read.
    :param since: where readers begin that do not say.
    :param form: what an event is unless the client says: the message as JSON, or its body.
    :param retry: seconds after which a browser comes back.
    :param heartbeat: seconds of silence before a comment is sent.
    :param origins: whose pages may publish besides those of the host that is asked, as CORS has it; a page
        that may not is told so (403).

    Raises :class:`ValueError` if clients may do nothing.
    """

    subtree = False
    streams = True

    def __init__(
        self,
        channel: Channel,
        *,
        clock: IReactorTime,
        publishes: bool = True,
        reads: bool = True,
        since: Since = ALL,
        form: Literal["json", "body"] = "json",
        retry: float = RETRY,
        heartbeat: float = HEARTBEAT,
        origins: Container[str] = (),
    ) -> None:
        if not (publishes or reads):
            raise ValueError("nobody could read the channel, nor publish to it")
        self.channel = channel
        self.methods = (*(("GET", "HEAD") if reads else ()), *(("POST",) if publishes else ()))
        self._reads = reads
        self._origins = origins
        self._clock = clock
        self._since = since
        self._events_are_bodies = form == "body"
        self._beginning = retry_line(retry)
        self._heartbeat = heartbeat
        self._draining = False
        self._open: dict[LiveEvents | LongPoll, None] = {}
        self._beating: IDelayedCall | None = None

    def respond(self, request: StreamingRequest, rest: str) -> Response | Deferred[Response]:
        if request.method == "POST":
            if is_of_another_site(request) and request.headers.get("origin", "") not in self._origins:
                raise HTTPError(403, "Pages of other sites may not publish here")
            return Deferred.fromCoroutine(publication(self.channel, request, reads=self._reads))
        wanted = Wanted.of(request, since=self._since, body=self._events_are_bodies)
        if wanted.media != EVENTS:
            return Deferred.fromCoroutine(self._past(request, wanted))
        if request.method == "HEAD":
            return Response(Unmeasured(), content_type=EVENTS, headers=HEADERS)
        return Deferred.fromCoroutine(self._live(wanted))

    def drain(self) -> None:
        """End the streams and the waiting, and begin with no other."""
        self._draining = True
        for each in tuple(self._open):
            each.drain()

    def stop(self) -> None:
        """Send no heartbeats any more."""
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None

    async def _past(self, request: StreamingRequest, wanted: Wanted) -> Response:
        channel = self.channel
        history = History(channel, await self._position(wanted), wanted.limit, wanted.key)
        if not await history.begin() and wanted.wait and request.method == "GET" and not self._draining:
            batch = await self._next(wanted, history.through)
            if batch is not None:
                history = History.of(channel, batch, wanted.limit)
        return await Page(request, wanted, history, channel.last).response()

    async def _live(self, wanted: Wanted) -> Response:
        position = await self._position(wanted)
        if self._draining:
            raise HTTPError(503, "The service is stopping", {"Retry-After": str(RETRY_AFTER)})
        try:
            events = LiveEvents(
                self.channel,
                position,
                wanted.key,
                render=body_event if wanted.body else json_event,
                beginning=self._beginning,
                released=self._released,
            )
        except UnavailableError as error:
            raise refusal(error) from error
        self._open[events] = None
        if self._beating is None:
            self._beating = self._clock.callLater(self._heartbeat / BEATS, self._beat)
        return Response(events, content_type=EVENTS, headers=HEADERS)

    async def _position(self, wanted: Wanted) -> int:
        """Where to begin; where the channel has begun anew since the client was here, with what is new."""
        try:
            return await self.channel.position(wanted.since)
        except UnavailableError as error:
            raise refusal(error) from error

    async def _next(self, wanted: Wanted, position: int) -> Batch | None:
        try:
            poll = LongPoll(
                self.channel,
                position,
                wanted.key,
                seconds=wanted.wait,
                clock=self._clock,
                released=self._released,
            )
        except UnavailableError as error:
            raise refusal(error) from error
        self._open[poll] = None
        return await poll.next()

    def _released(self, each: LiveEvents | LongPoll) -> None:
        self._open.pop(each, None)

    def _beat(self) -> None:
        self._beating = None
        events = [each for each in self._open if isinstance(each, LiveEvents)]
        for each in events:
            each.beat()
        if events:
            self._beating = self._clock.callLater(self._heartbeat / BEATS, self._beat)
