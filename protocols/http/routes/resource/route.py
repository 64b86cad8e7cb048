"""A route to a resource of twisted.web."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource
from twisted.web.server import Site

from protocols.handlers.deadline import Deadlines
from protocols.http.contract import METHODS
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.routes.resource.channel import Channel
from protocols.journal import Journal

TIMEOUT = 30.0
"""Seconds until the response has to begin."""


class ResourceRoute:
    """Answers what a resource answers, over whatever version of HTTP.

    :param root: the resource for the route's own path; it is asked for children as twisted.web asks.
    :param name: what it is called in messages.
    :param timeout: seconds until the response has to begin.
    """

    methods = METHODS
    subtree = False
    streams = False

    def __init__(
        self,
        root: Any,
        *,
        reactor: Any,
        journal: Journal,
        name: str = "resource",
        timeout: float = TIMEOUT,
    ) -> None:
        self._site = Site(root, reactor=reactor)
        self._settings = {
            "reactor": reactor,
            "journal": journal,
            "deadlines": Deadlines(timeout, reactor),
            "late": f"{name} did not begin its response within {timeout:g} s",
        }

    def respond(self, request: Request, rest: str) -> Deferred[Response]:
        return Channel(self._site, request, **self._settings).start(rest)

    def stop(self) -> None:
        """End every session."""
        self._settings["deadlines"].stop()
        for session in list(self._site.sessions.values()):
            session.expire()


def resource_of(named: Any) -> Any:
    """`named`, if it is a resource."""
    return named if IResource.providedBy(named) else None
