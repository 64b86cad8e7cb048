"""Who may use a route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from protocols.http.contract import Answer, Route
from protocols.http.errors import HTTPError
from protocols.http.policy.around import AroundRoute
from protocols.http.request import StreamingRequest
from protocols.session import Peer


class AccessRoute(AroundRoute):
    """Answers those whom `admits` does not admit with status 403, before their content is read.

    :param admits: asked with who asks, as the proxies in front and the login say, and says it aloud.
    """

    def __init__(self, inner: Route, admits: Callable[[Peer], bool]) -> None:
        super().__init__(inner)
        self._admits = admits

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        if not self._admits(request.peer):
            raise HTTPError(403, "You may not use this")
        return self._inner.respond(request, rest)
