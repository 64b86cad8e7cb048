"""From a request to a response, whatever happens in between; knows nothing of connections."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred

from protocols.codec import DecodeError
from protocols.handlers import CallTimeoutError
from protocols.http.contract import METHODS, Route
from protocols.http.errors import HTTPError, error_response, problem_response
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routing import RoutingTable, SlashMissing
from protocols.http.target import encode_path
from protocols.journal import Journal


class Site:
    """The routes of a service and the pages for everything that is none.

    Raises :class:`ValueError` for paths that do not fit (see :class:`RoutingTable`).
    """

    def __init__(self, routes: Mapping[str, Route], journal: Journal) -> None:
        self._table = RoutingTable(routes)
        self._journal = journal

    def respond(self, request: Request) -> Response | Deferred[Response]:
        """Answer `request`.  What it raises, or fails with, is for :meth:`explain`."""
        method = request.method
        if method not in METHODS:
            raise HTTPError(501, "The method is not one that this server knows")
        if request.path == "*":
            if method != "OPTIONS":
                raise HTTPError(400, "The request target is not a path")
            return Response(status=204, headers=[("Allow", ", ".join(METHODS))])
        found = self._table.find(request.path)
        if found is None:
            raise HTTPError(404)
        if isinstance(found, SlashMissing):
            query = str(request.query)
            place = encode_path(found.path) + (f"?{query}" if query else "")
            return Response(status=308, headers=[("Location", place)])
        if method not in found.route.methods:
            allow = ", ".join(dict.fromkeys((*found.route.methods, "OPTIONS")))
            if method == "OPTIONS":
                return Response(status=204, headers=[("Allow", allow)])
            raise HTTPError(405, f"{method} is not for this path", {"Allow": allow})
        return found.route.respond(request, found.rest)

    def explain(self, request: Request, error: BaseException) -> Response:
        """What to tell the client of `error`; whose fault it is decides what is counted and logged."""
        if isinstance(error, DecodeError):
            self._journal.rejected(request.peer, error)
            return problem_response(error)
        if isinstance(error, HTTPError):
            return error_response(request, error)
        self._journal.failed(request.peer, error)
        if isinstance(error, CallTimeoutError):
            return error_response(request, HTTPError(504, "The answer did not come in time"))
        return error_response(request, HTTPError(500))

    def stop(self) -> None:
        """Stop every route; nothing is asked of the site after this."""
        self._table.stop()
