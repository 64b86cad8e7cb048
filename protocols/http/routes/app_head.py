"""The head of a response, as an application gives it that speaks WSGI, ASGI or twisted.web."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from protocols.http.response import BODILESS, Response
from protocols.http.routes.body_tally import BodyTally
from protocols.http.source import Source

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,18}")

CONNECTIONS: Final = frozenset(
    {"proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
)
"""Header fields that are for one connection only (RFC 9110, section 7.6.1), besides those that
:meth:`~protocols.http.Response.passed_on` leaves out."""


class AppHead:
    """A status and header fields that can be sent.

    :param status: from 200 to 599.
    :param fields: names and values; white space around a value does not count.

    Raises :class:`ValueError`, in words for the application's author, for what cannot be sent.
    """

    __slots__ = ("fields", "length", "status")

    def __init__(self, status: int, fields: Iterable[tuple[str, str]]) -> None:
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not the status of a response: 200 to 599 are")
        self.status = status
        self.length: int | None = None
        """Bytes of the body that the Content-Length announces."""
        kept = []
        for name, value in fields:
            value = value.strip(" \t")
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a header")
            if not _VALUE.fullmatch(value):
                # The value may be a secret, such as a cookie.
                raise ValueError(f"the header {name} holds a character that would break the line")
            lower = name.lower()
            if lower == "content-length":
                self._announce(value)
            elif lower not in CONNECTIONS:
                kept.append((name, value))
        self.fields = tuple(kept)

    def _announce(self, value: str) -> None:
        if not _LENGTH.fullmatch(value) or self.length not in (None, int(value)):
            raise ValueError(f"{value!r} is not the one length of a body")
        self.length = int(value)

    def bodiless(self, method: str) -> bool:
        """Whether the answer to `method` has no body, whatever is announced."""
        return method == "HEAD" or self.status in BODILESS

    def response(self, content: bytes | Source) -> Response:
        """The response, with `content`."""
        return Response.passed_on(self.status, self.fields, content)

    def whole(self, method: str, body: bytes, report: Callable[[BaseException], None]) -> Response:
        """The response to `method`, of which `body` is all there is.

        If that is more than was announced it is cut, and `report` hears of it.  Raises
        :class:`~protocols.session.ForeseenError` if it is less.
        """
        length = self.length
        if method == "HEAD":
            return self.response(NoContent(length if length is not None else len(body) or None))
        if self.status in BODILESS:
            return self.response(b"")
        tally = BodyTally(length, report)
        content = tally.fitting(body)
        if tally.shortfall is not None:
            raise tally.shortfall
        return self.response(content)


class NoContent(Source):
    """The body of an answer to HEAD, of which only the length is told.

    :param length: bytes of the body that GET would have, where they are known.
    """

    def __init__(self, length: int | None) -> None:
        self.length = length

    def read(self) -> None:
        """The end."""

    def close(self) -> None:
        """Nothing is held."""
