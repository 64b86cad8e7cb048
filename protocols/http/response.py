"""A response, as a route gives it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Final

from protocols.codec.json_codec import encode_json
from protocols.http.cookies import cookie_line
from protocols.http.source import Source

OCTETS: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses whose responses have no body (RFC 9110, section 15)."""

FRAMING: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that say how the body is framed, or are for this connection only: the server's affair."""

OURS: Final = FRAMING | {"content-type", "date", "server"}
"""Headers that are written by the server."""

UPGRADE_REQUIRED: Final = 426
"""The status whose responses have to name the protocol to go on with (RFC 9110, section 15.5.22)."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")

Pairs = Mapping[str, str] | Iterable[tuple[str, str]]


class Response:
    """What a function that takes a :class:`~protocols.http.Request` returns.

    :param body: ``bytes`` as they are, ``str`` as UTF-8, a :class:`~protocols.http.Source` piece by piece;
        ``None`` is empty, and everything else is sent as JSON.
    :param status: the status code, from 200 to 599, also as an :class:`http.HTTPStatus`.
    :param content_type: the media type; unless said, what `body` is decides.
    :param headers: more header fields.

    Raises :class:`ValueError`, where it is made, for what cannot be sent: a header that would break
    the line, a body for a status that has none, a value that has no JSON form.
    """

    __slots__ = ("content", "content_type", "headers", "status")

    content: bytes | Source
    """The body as it is sent."""
    status: int
    content_type: str | None
    headers: tuple[tuple[str, str], ...]
    """The header fields, without the content type."""

    def __init__(
        self, body: object = b"", status: int = 200, content_type: str | None = None, headers: Pairs = ()
    ) -> None:
        if type(body) is bytes:
            self.content = body
            natural = OCTETS
        else:
            self.content, natural = _encoded(body)
        self.status = status
        if status != 200 or type(status) is not int:
            self._check_status()
        if content_type is None and self.content != b"":
            content_type = natural
        elif content_type is not None and not _VALUE.fullmatch(content_type):
            raise ValueError("the content type holds a character that would break the line")
        self.content_type = content_type
        self.headers = _checked(headers, status) if headers else ()

    @classmethod
    def passed_on(
        cls, status: int, fields: Iterable[tuple[str, str]], content: bytes | Source = b""
    ) -> Response:
        """What another program answered, with its own Content-Type, Date and Server.

        Header fields that are for one connection only (RFC 9110, section 7.6.1), and those that say how
        the body was framed there, are left out; so is what would break a line.
        """
        response = cls.__new__(cls)
        response.status = status
        response.content = b"" if status in BODILESS and not isinstance(content, Source) else content
        response.content_type = None
        response.headers = tuple(
            (name, value)
            for name, value in fields
            if name.lower() not in FRAMING and _TOKEN.fullmatch(name) and _VALUE.fullmatch(value)
        )
        return response

    def with_headers(self, headers: Pairs) -> Response:
        """The same response with more header fields."""
        other = copy(self)
        other.headers = (*self.headers, *_checked(headers, self.status))
        return other

    def set_cookie(self, name: str, value: str, **attributes: Any) -> None:
        """Have the client keep a cookie; the attributes are those of
        :func:`~protocols.http.cookies.cookie_line`: by default the cookie is for the whole site, is sent
        over TLS only, no script can read it, and other sites cannot have it sent with their forms.

        Raises :class:`ValueError` for what a cookie cannot be.
        """
        self.headers = (*self.headers, ("Set-Cookie", cookie_line(name, value, **attributes)))

    def delete_cookie(self, name: str, **attributes: Any) -> None:
        """Have the client forget a cookie; path and domain must be those it was set with."""
        self.set_cookie(name, "", **{**attributes, "max_age": 0})

    def _check_status(self) -> None:
        status = self.status
        if not isinstance(status, int) or isinstance(status, bool):
            raise TypeError(
                f"a status is a number, not {status!r}; the body comes first: Response(body, status)"
            )
        self.status = status = int(status)
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not the status of a response: 200 to 599 are")
        if status in BODILESS and self.content != b"":
            raise ValueError(f"a response of status {status} has no body")

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.content_type}>"


def _checked(headers: Pairs, status: int) -> tuple[tuple[str, str], ...]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    checked = tuple((name, value) for name, value in pairs)
    for name, value in checked:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header")
        if name.lower() in OURS and not (status == UPGRADE_REQUIRED and name.lower() == "upgrade"):
            raise ValueError(f"the header {name} is written by the server")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name} holds a character that would break the line")
    return checked


def _encoded(body: object) -> tuple[bytes | Source, str]:
    if isinstance(body, Source):
        return body, OCTETS
    if body is None:
        return b"", OCTETS
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body), OCTETS
    if isinstance(body, str):
        return body.encode(), TEXT
    return encode_json(body), JSON
