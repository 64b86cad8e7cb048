"""A route whose answer never changes."""

from __future__ import annotations

from protocols.http.contract import METHODS
from protocols.http.request import Request
from protocols.http.response import TEXT, Response


class RespondRoute:
    """Answers with `body`, as UTF-8.

    It answers GET and HEAD; with a `status` of 300 or more, which is true of any request, every method.

    Raises :class:`ValueError` for a status that is none, or that has no body when there is one.
    """

    subtree = False
    streams = False

    def __init__(self, body: str, status: int = 200, content_type: str = TEXT) -> None:
        self._response = Response(body, status, content_type if body else None)
        self.methods: tuple[str, ...] = ("GET", "HEAD") if status < 300 else METHODS

    def respond(self, request: Request, rest: str) -> Response:
        return self._response

    def stop(self) -> None:
        """Nothing runs."""
