"""What every route offers."""

from __future__ import annotations

from typing import Any, Final, Protocol, runtime_checkable

from twisted.internet.defer import Deferred

from protocols.http.local_redirect import LocalRedirect
from protocols.http.response import Response
from protocols.http.upgrade import Upgrade

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The methods there are.  TRACE would show a client's own secrets to its scripts, CONNECT is for proxies
(RFC 9110, sections 9.3.6 and 9.3.8)."""

Answer = Response | Upgrade | LocalRedirect


class Route(Protocol):
    """What answers the requests for one path, or for every path below one.  Serves many at a time."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods it answers; OPTIONS is answered for it unless it is among them."""

    @property
    def subtree(self) -> bool:
        """Whether its path must end in a slash, for it stands for what is below."""

    @property
    def streams(self) -> bool:
        """Whether it is asked as soon as the header fields are here, with a
        :class:`~protocols.http.StreamingRequest`; else with a :class:`~protocols.http.Request`, once the
        content is here, which is held in memory and so bounded."""

    def respond(self, request: Any, rest: str) -> Answer | Deferred[Any]:
        """Answer `request`; `rest` is what its path has behind the route's own.

        Raises, or fails with, :class:`~protocols.http.HTTPError` and
        :class:`~protocols.codec.DecodeError` for the peer's mistakes; whatever else it raises is ours
        (status 500).  A Deferred is cancelled when the client goes away.
        """

    def stop(self) -> Deferred[None] | None:
        """End what it runs; it is not asked again.  A Deferred fires when that has ended."""


class Policy(Route, Protocol):
    """A route around another, which has a say in answers that are not the route's own."""

    @property
    def answers_preflights(self) -> bool:
        """Whether it answers OPTIONS where that asks, for the script of another site, about a method that
        the route answers."""

    def dress(self, request: Any, answer: Answer) -> Answer:
        """`answer`, which the server gives in the place of the route, with what the policy adds to it."""


@runtime_checkable
class Draining(Protocol):
    """A route whose answers have no end of their own."""

    def drain(self) -> None:
        """The service stops: end them soon."""
