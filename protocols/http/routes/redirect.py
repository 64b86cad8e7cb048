"""A route that sends the client to another place."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from protocols.http.contract import METHODS
from protocols.http.request import Request
from protocols.http.response import Response
from protocols.http.target import encode_path

STATUSES: Final = (301, 302, 303, 307, 308)
"""The statuses that send a client elsewhere (RFC 9110, section 15.4)."""

_PLACE = re.compile(r"(?:https?://[^/?#\\]+|(?=/))(?:[/?#][\x21-\x5b\x5d-\x7e]*)?", re.IGNORECASE)


class RedirectRoute:
    """Redirects to `to`, an ``http`` or ``https`` URL or a path; the query goes along.

    If `to` ends in a slash, so does whatever the client's path has behind the route's own.  Where that
    leads is always below `to`: nothing a client writes makes it another host.

    Raises :class:`ValueError` for a `to` that is neither, and for a `status` that does not redirect.
    """

    methods = METHODS
    subtree = False
    streams = False

    def __init__(self, to: str, status: int = HTTPStatus.PERMANENT_REDIRECT) -> None:
        if not _PLACE.fullmatch(to):
            raise ValueError(f"{to!r} is neither an http or https URL nor a path")
        if status not in STATUSES:
            known = ", ".join(map(str, STATUSES))
            raise ValueError(f"{status} is not the status of a redirect; those are {known}")
        before, hash_mark, fragment = to.partition("#")
        self._place, _, self._query = before.partition("?")
        self._fragment = hash_mark + fragment
        self._appends = before.endswith("/") and not self._query
        self._status = int(status)

    def respond(self, request: Request, rest: str) -> Response:
        return Response(status=self._status, headers=[("Location", self.location(request, rest))])

    def location(self, request: Request, rest: str) -> str:
        """Where a client that asked for `request` is sent."""
        place = self._place
        if self._appends:
            # A slash of the client's behind ours would make "//host", which is another site.
            place += encode_path(rest.lstrip("/"))
        query = "&".join(part for part in (self._query, str(request.query)) if part)
        return place + (f"?{query}" if query else "") + self._fragment

    def stop(self) -> None:
        """Nothing runs."""
