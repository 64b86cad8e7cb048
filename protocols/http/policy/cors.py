"""Cross-origin requests: which other sites' scripts may use a route (Fetch standard, section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.http.contract import Answer, Route
from protocols.http.policy.around import DressingRoute
from protocols.http.policy.headers import Lines, with_lines
from protocols.http.request import StreamingRequest
from protocols.http.response import Response
from protocols.http.upgrade import Upgrade

EVERY: Final = "*"

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?:\*\.)?[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?"
)
_TOKENS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, \t-]*")
_LABELS = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_DEFAULT_PORTS = {"http": "80", "https": "443"}

REPLACED: Final = frozenset(
    {
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-expose-headers",
    }
)
"""Fields of an answer that are this policy's to say: two of one name would make a browser refuse both."""


class Origins:
    """Whose pages: ``https://app.example.org``, ``https://*.example.org`` for every name below that, or
    :data:`EVERY` alone.

    Raises :class:`ValueError` for an origin that is none.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        self.every = EVERY in origins
        named = [checked_origin(origin) for origin in origins if origin != EVERY]
        self._origins = frozenset(origin for origin in named if "*" not in origin)
        self._below = tuple(tuple(origin.split("*")) for origin in named if "*" in origin)

    def __contains__(self, origin: object) -> bool:
        if not isinstance(origin, str):
            return False
        # Browsers write origins in one form, so that they can be compared as they are (RFC 6454, section 6).
        return (
            self.every
            or origin in self._origins
            or any(
                origin.startswith(before) and origin.endswith(behind) and _LABELS.fullmatch(between)
                for before, behind in self._below
                if (between := origin[len(before) : len(origin) - len(behind)])
            )
        )


class CORSRoute(DressingRoute):
    """Lets the scripts of other sites read the answers of `inner`.

    Preflights are answered here (204), before anything inside is asked.  An origin that is not allowed gets
    no field of CORS, upon which its browser keeps the answer from the script; the request itself is
    answered, as it would be from anywhere else.

    :param origins: as :class:`Origins` has them.
    :param methods: what scripts may send; none: the methods of `inner`.
    :param headers: fields they may set beyond those that are always allowed; :data:`EVERY` alone: any.
    :param credentials: whether cookies and logins may go along.
    :param expose: fields of the answer they may read beyond those that are always readable.
    :param max_age: seconds a browser may remember a preflight.

    Raises :class:`ValueError` for an origin that is none, and for credentials that every origin may use.
    """

    def __init__(
        self,
        inner: Route,
        origins: Sequence[str],
        *,
        methods: Sequence[str] = (),
        headers: Sequence[str] = (),
        credentials: bool = False,
        expose: Sequence[str] = (),
        max_age: float = 600,
    ) -> None:
        super().__init__(inner)
        self.answers_preflights = True
        if EVERY in origins and credentials:
            raise ValueError('credentials cannot be for every origin ("*"): name those that may use them')
        self._origins = Origins(origins)
        self._any_header = EVERY in headers
        self._vary: Lines = () if self._origins.every else (("Vary", "Origin"),)
        self._credentials: Lines = (("Access-Control-Allow-Credentials", "true"),) if credentials else ()
        self._exposed: Lines = (("Access-Control-Expose-Headers", ", ".join(expose)),) if expose else ()
        self._preflight: Lines = (
            ("Access-Control-Allow-Methods", ", ".join(methods or inner.methods)),
            ("Access-Control-Max-Age", str(int(max_age))),
        )
        if headers and not self._any_header:
            self._preflight += (("Access-Control-Allow-Headers", ", ".join(headers)),)

    def respond(self, request: StreamingRequest, rest: str) -> Answer | Deferred[Any]:
        fields = request.headers
        if request.method == "OPTIONS" and "origin" in fields and "access-control-request-method" in fields:
            return self._answer_preflight(request)
        return super().respond(request, rest)

    def own(self, request: Any, answer: Answer) -> Answer:
        if isinstance(answer, Upgrade):
            return answer  # a WebSocket is not subject to CORS: its server looks at the origin
        granted = self._granted(request.headers.get("origin"))
        lines = granted + self._exposed if granted else ()
        return with_lines(answer, REPLACED, lines + self._vary)

    def _answer_preflight(self, request: StreamingRequest) -> Response:
        lines = self._granted(request.headers["origin"])
        if lines:
            lines += self._preflight
            asked = request.headers.get("access-control-request-headers")
            if self._any_header and asked and _TOKENS.fullmatch(asked):
                lines += (("Access-Control-Allow-Headers", asked),)
        vary = ("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
        return Response(status=204, headers=(*lines, *self._vary, vary))

    def _granted(self, origin: str | None) -> Lines:
        """What says that scripts of `origin` may read an answer; nothing if they may not."""
        if self._origins.every:
            return (("Access-Control-Allow-Origin", EVERY),)
        if origin is None or origin not in self._origins:
            return ()
        return (("Access-Control-Allow-Origin", origin), *self._credentials)


def checked_origin(origin: str) -> str:
    """`origin` as browsers write it: in lower case, without a port that its scheme implies.

    Raises :class:`ValueError` for what is no origin, and for ``null``, which any page can have.
    """
    found = _ORIGIN.fullmatch(origin.lower().removesuffix("/"))
    if found is None:
        raise ValueError(f"{origin!r} is not an origin such as https://app.example.org")
    port = found["port"]
    written = f":{port}" if port and port != _DEFAULT_PORTS[found["scheme"]] else ""
    return f"{found['scheme']}://{found['host']}{written}"
