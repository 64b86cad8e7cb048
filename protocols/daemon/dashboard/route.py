"""The route of the live page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from protocols.daemon.control.operations import Ask, OperationError
from protocols.daemon.control.status import Outcome
from protocols.daemon.dashboard.actions import Wish, carry_out, wish_of
from protocols.daemon.dashboard.markup import Markup, packaged
from protocols.daemon.dashboard.poll import Poll
from protocols.daemon.dashboard.sampler import sampler_of
from protocols.daemon.dashboard.subject import Subject
from protocols.daemon.dashboard.token import check_token, give_token, token_for
from protocols.daemon.dashboard.view import Row, View
from protocols.daemon.dashboard.viewers import Viewers
from protocols.daemon.dashboard.visitors import Visitors
from protocols.daemon.dashboard.wording import clock, visible
from protocols.http import HTTPError, Request, Response
from protocols.http.routes.events import HEADERS as EVENTS_HEADERS
from protocols.http.routes.events import MEDIA
from protocols.http.routes.welcome import HTML

HEADERS: Final = (
    # Nothing comes from elsewhere, nothing that is shown is run, and no other page shows this one.
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    # Not no-referrer, with which browsers would not say in Origin whose page sends a form.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)

STREAM_HEADERS: Final = (*HEADERS[:-1], *EVENTS_HEADERS)

FILES: Final[Mapping[str, str]] = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class DashboardRoute:
    """Shows how the daemon is, live.

    :param title: what is looked at: the name of the machine, unless somebody says otherwise.
    :param ask: whom to ask.
    :param visitors: who may see it.
    :param actions: whether who sees it may have something done.
    :param tap: whether who sees it may see what clients and services say to each other.
    """

    methods = ("GET", "HEAD", "POST")
    subtree = True
    streams = False

    def __init__(
        self,
        title: str,
        ask: Ask,
        clock: IReactorTime,
        visitors: Visitors,
        *,
        actions: bool = False,
        tap: bool = False,
    ) -> None:
        self._title = title
        self._ask = ask
        self._clock = clock
        self._visitors = visitors
        self._actions = actions
        self._can_tap = tap
        self._sampler = sampler_of(ask, clock)
        self._viewers = Viewers(self._sampler, ask, clock, tap=tap)
        can = frozenset(name for name, may in (("actions", actions), ("tap", tap)) if may)
        pages = {"everything": "overview.html", "service": "service.html", "channel": "channel.html"}
        self._pages = {kind: Markup(file, can | {"live"}) for kind, file in pages.items()}
        self._outcome = Markup("outcome.html", can)
        self._question = Markup("question.html", can)
        self._files = {
            name: Response(packaged(name), content_type=media, headers=HEADERS)
            for name, media in FILES.items()
        }

    def respond(self, request: Request, rest: str) -> Response | Deferred[Response]:
        self._visitors.check(request)
        if (request.method == "POST") != (rest == "do"):
            allowed = "POST, OPTIONS" if rest == "do" else "GET, HEAD, OPTIONS"
            raise HTTPError(405, f"{request.method} is not for this path", {"Allow": allowed})
        if rest == "do":
            return self._do(request)
        if rest == "events":
            return self._events(request)
        if rest in self._files:
            return self._files[rest]
        if rest:
            raise HTTPError(404)
        return self._page(request)

    def drain(self) -> None:
        """End the streams, and begin no other."""
        self._viewers.drain()

    def stop(self) -> None:
        """Nothing runs when nobody looks."""

    def _page(self, request: Request) -> Deferred[Response]:
        subject = Subject.of(request.query)
        poll = self._viewers.poll(subject)
        answers: list[Deferred[Any]] = [self._sampler.samples.fresh()]
        if poll is not None:
            # Without the connections, or the messages, there is still something to see.
            answers.append(poll.fresh().addErrback(_unless_said))
        asked = gatherResults(answers, consumeErrors=True)
        return asked.addCallbacks(lambda _: self._shown(request, subject, poll), _unavailable)

    def _shown(self, request: Request, subject: Subject, poll: Poll[Any] | None) -> Response:
        view = self._viewers.view(subject, poll)
        if view is None:
            raise HTTPError(404, f"There is no {subject.kind} of that name")
        return self._filled(request, self._pages[subject.kind], view)

    def _filled(self, request: Request, markup: Markup, view: View, status: int = 200) -> Response:
        token = token_for(request) if self._actions else ""
        page = markup.fill(view, title=self._title, token=token, loaded=clock(time.time())[:8])
        response = Response(page, status, HTML, HEADERS)
        if token:
            give_token(request, response, token)
        return response

    def _events(self, request: Request) -> Response:
        tapped = request.query.get("tap") == "on"
        if tapped and not self._can_tap:
            raise HTTPError(403, "This page has no tap: `dashboard: {tap: true}` in the YAML gives it one")
        if request.method == "HEAD":
            return Response(content_type=MEDIA, headers=HEADERS)
        stream = self._viewers.stream(Subject.of(request.query), tapped)
        return Response(stream, content_type=MEDIA, headers=STREAM_HEADERS)

    def _do(self, request: Request) -> Response | Deferred[Response]:
        if not self._actions:
            raise HTTPError(
                403, "This page is for looking only: `dashboard: {actions: true}` in the YAML changes that"
            )
        with request.form() as form:
            wish = wish_of(form)
        check_token(request, wish.token)
        if wish.question:
            return self._asked(request, wish)
        outcome = carry_out(wish, self._ask(), self._clock)
        return outcome.addCallback(lambda done: self._told(request, done))

    def _asked(self, request: Request, wish: Wish) -> Response:
        if _wants_json(request):
            return Response({"question": visible(wish.question)}, headers=HEADERS)
        texts = {"question": wish.question, "name": wish.name, "subject": wish.subject}
        return self._filled(request, self._question, View(texts, {}))

    def _told(self, request: Request, outcome: Outcome) -> Response:
        if _wants_json(request):
            said = {"done": outcome.done, "text": visible(outcome.text)}
            return Response({**said, "problems": [visible(one) for one in outcome.problems]}, headers=HEADERS)
        problems = [Row(str(index), {"problem": one}) for index, one in enumerate(outcome.problems)]
        kinds = {"outcome": "good" if outcome.done else "bad"}
        view = View({"outcome": outcome.text}, {"problems": problems}, kinds)
        return self._filled(request, self._outcome, view)


def _wants_json(request: Request) -> bool:
    return "application/json" in (request.headers.get("accept") or "")


def _unless_said(failure: Failure) -> None:
    """Lets pass only that it is said why there is no answer."""
    failure.trap(OperationError)


def _unavailable(failure: Failure) -> Response:
    error = failure.value.subFailure if isinstance(failure.value, FirstError) else failure
    error.trap(OperationError)
    raise HTTPError(503, error.getErrorMessage(), {"Retry-After": "5"})
