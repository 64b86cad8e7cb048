"""Who may use a route."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred

from protocols.http.contract import Answer, Route
from protocols.http.errors import HTTPError
from protocols.http.policy.around import AroundRoute
from protocols.http.request import StreamingRequest
from protocols.session import Peer


class Admits(Protocol):
    """What decides who may go on."""

    def admits(self, peer: Peer) -> bool:
        """Whether `peer` may; said aloud if it may not."""


class AccessRoute(AroundRoute):
    """Answers those whom `admission` does not admit with status 403, before their content is read.

    :param admission: asked with who asks, as the proxies in front and the login say.
    """

    def __init__(self, inner: Route, admission: Admits) -> None:
        super().__init__(inner)
        self.admission = admission

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        if not self.admission.admits(request.peer):
            raise HTTPError(403, "You may not use this")
        return self._inner.respond(request, rest)
