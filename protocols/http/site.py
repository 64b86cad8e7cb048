"""From a request to a route, whatever happens in between; knows nothing of connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from protocols.codec import DecodeError
from protocols.handlers import CallTimeoutError
from protocols.http.body import ClientGoneError
from protocols.http.contract import METHODS, Answer, Draining, Route
from protocols.http.error_pages import error_response, problem_response
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead
from protocols.http.request_id import FIELD
from protocols.http.response import Response
from protocols.http.routing import Entry, Match, OtherMethods, RoutingTable, SlashMissing
from protocols.http.target import encode_path
from protocols.journal import Journal

RECOGNISED: Final = frozenset({*METHODS, "TRACE", "QUERY"})
"""Methods that a client may well use, although no route answers all of them; others get 501 (RFC 9110,
section 15.6.2)."""


class Site:
    """The routes of a service and the pages for everything that is none.

    Raises :class:`ValueError` for paths that do not fit (see :class:`RoutingTable`).
    """

    def __init__(self, routes: Mapping[str, Route | Sequence[Entry]], journal: Journal) -> None:
        self.table = RoutingTable(routes)
        self._journal = journal

    def match(self, request: RequestHead) -> Match | None:
        """The route that answers `request` and wants it whole; ``None`` for whatever is not as simple as
        that, of which :meth:`find` knows more."""
        found = self.table.find(request.method, request.host, request.path)
        return found if type(found) is Match and not found.entry.route.streams else None

    def find(self, request: RequestHead) -> Match | Response:
        """What answers `request`, or the answer where it is no route's.

        Raises :class:`HTTPError`, which :meth:`explain` puts into words.
        """
        method = request.method
        if method not in RECOGNISED:
            raise HTTPError(501, "The method is not one that this server knows")
        if request.path == "*":
            if method != "OPTIONS":
                raise HTTPError(400, "The request target is not a path")
            return Response(status=204, headers=[("Allow", ", ".join(METHODS))])
        if method == "OPTIONS" and (preflight := self._preflight(request)) is not None:
            return preflight
        found = self.table.find(method, request.host, request.path)
        if type(found) is Match:
            return found
        if isinstance(found, SlashMissing):
            query = str(request.query)
            place = encode_path(found.path) + (f"?{query}" if query else "")
            return Response(status=308, headers=[("Location", place)])
        if isinstance(found, OtherMethods):
            allow = ", ".join(found.allowed)
            if method == "OPTIONS":
                return Response(status=204, headers=[("Allow", allow)])
            raise HTTPError(405, f"{method} is not for this path", {"Allow": allow})
        raise HTTPError(404)

    def answer_to(self, request: RequestHead, error: BaseException, route: Route | None) -> Answer:
        """What to tell the client of `error`, with what the policies around `route` add to its answers."""
        answer = self.explain(request, error)
        dress = getattr(route, "dress", None)
        return answer if dress is None else cast(Answer, dress(request, answer))

    def explain(self, request: RequestHead, error: BaseException) -> Response:
        """What to tell the client of `error`; whose fault it is decides what is counted and logged."""
        if isinstance(error, DecodeError):
            self._journal.rejected(request.peer, error)
            return problem_response(error)
        if isinstance(error, HTTPError):
            return error_response(request, error)
        if isinstance(error, ClientGoneError):
            return error_response(request, HTTPError(400, "The content did not come to its end"))
        self._journal.failed(request.peer, error, self._place(request), request.id)
        # Who complains can say which line of the log it is about.
        fields = {FIELD: request.id}
        if isinstance(error, CallTimeoutError):
            return error_response(request, HTTPError(504, "The answer did not come in time", fields))
        return error_response(request, HTTPError(500, headers=fields))

    def _place(self, request: RequestHead) -> str:
        """The path of the route that answers `request`, for the log."""
        found = self.table.find(request.method, request.host, request.path)
        return self.table.path_of(found.entry) if isinstance(found, Match) else ""

    def _preflight(self, request: RequestHead) -> Match | None:
        """The route whose policy answers the question whether a script may send what it would: the route of
        that request (Fetch standard, CORS-preflight fetch)."""
        asked = request.headers.get("access-control-request-method")
        if asked is None or "origin" not in request.headers:
            return None
        found = self.table.find(asked, request.host, request.path)
        if type(found) is Match and getattr(found.entry.route, "answers_preflights", False):
            return found
        return None

    def drain(self) -> None:
        """End the answers that have no end of their own; those that have one come to it."""
        for _, entry in self.table.entries():
            if isinstance(entry.route, Draining):
                entry.route.drain()

    def stop(self) -> None:
        """Stop every route; nothing is asked of the site after this."""
        self.table.stop()
