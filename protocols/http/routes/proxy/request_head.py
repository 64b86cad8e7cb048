"""The head of a request to an origin: made anew, of what has been understood of the client's.

Nothing of the client's own bytes decides where a request ends: one framing field is written, ours, and
a line end or a null in any field refuses the request (RFC 9112, section 11.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead
from protocols.http.request_id import FIELD
from protocols.session import Peer

VIA: Final = b"1.1 polyport"
"""How this server calls itself in Via (RFC 9110, section 7.6.3)."""

HOP: Final = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that are for one connection only (RFC 9110, section 7.6.1)."""

OURS: Final = HOP | {
    b"content-length",
    b"expect",
    b"forwarded",
    b"host",
    b"proxy",  # a CGI program would take it for HTTP_PROXY
    b"via",
    b"x-real-ip",
    b"x-request-id",
}
"""Fields of the client's that are not passed on as they are."""

TRIVIAL: Final = frozenset({b"keep-alive", b"close", b"upgrade"})
"""Values of Connection that name no field to be dropped."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAK = re.compile(rb"[\x00\r\n]")
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})


@lru_cache(maxsize=1024)
def _prefix(name: bytes) -> bytes | None:
    """``name: ``, or ``None`` for a field that is not passed on.

    Underscores count as hyphens: programs that see fields as variables cannot tell them apart.
    """
    plain = name.lower().replace(b"_", b"-")
    if plain in OURS or plain.startswith(b"x-forwarded-") or not _TOKEN.fullmatch(name):
        return None
    return name + b": "


def named_in(connection: Iterable[bytes]) -> set[bytes]:
    """The fields that the values of Connection name."""
    return {token.strip().lower() for value in connection for token in value.split(b",")}


def framing(method: str, length: int | None) -> bytes:
    """The line that says how long the content is: none, if there is none and nobody expects any (RFC
    9110, section 8.6).

    :param length: bytes; ``None``: nobody knows.
    """
    if length is None:
        return b"Transfer-Encoding: chunked\r\n"
    if length or method in _BODY_METHODS:
        return b"Content-Length: %d\r\n" % length
    return b""


@lru_cache(maxsize=1024)
def _forwarded(client: str, scheme: str, host: str) -> bytes:
    """The fields that say who asked, and for what (RFC 7239, section 4; the X- ones have no document)."""
    node = f'"[{client}]"' if ":" in client else client or "unknown"
    element = f"for={node};proto={scheme}"
    lines = [f"X-Forwarded-For: {client}"] if client else []
    lines.append(f"X-Forwarded-Proto: {scheme}")
    if host:
        escaped = host.replace("\\", "\\\\").replace('"', '\\"')
        element += f';host="{escaped}"'
        lines.append(f"X-Forwarded-Host: {host}")
    return _lines([f"Forwarded: {element}", *lines])


def _lines(lines: Sequence[str]) -> bytes:
    text = "\r\n".join([*lines, ""])
    if text.count("\r") != len(lines) or text.count("\n") != len(lines) or "\0" in text:
        raise HTTPError(400, "A header field holds a line end")
    return text.encode("latin-1", "replace")


def _appended(request: RequestHead, client: str) -> bytes:
    """The same behind what the client, a proxy that is believed, has said already."""
    headers = request.headers
    lines = []
    own = _forwarded(client, request.scheme, request.host).decode("latin-1")
    for line in own.splitlines():
        name, _, value = line.partition(": ")
        before = headers.get(name)
        if before and name in ("X-Forwarded-Proto", "X-Forwarded-Host"):
            value = before
        elif before:
            value = f"{before}, {value}"
        lines.append(f"{name}: {value}")
    return _lines(lines)


@lru_cache(maxsize=1024)
def _address(host: str) -> str:
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return ""


def client_of(peer: Peer) -> str:
    """The IP address of `peer`, without its zone; empty where it has none, as over a Unix socket."""
    return _address(peer.host)


def _identified(parts: Iterable[bytes], name: str, peer: Peer) -> Iterator[bytes]:
    """The lines of `parts`, with who `peer` has proved to be, in UTF-8, in the place of any field that could
    be taken for `name`."""
    plain = name.lower().replace("_", "-").encode("ascii")
    for part in parts:
        if part.partition(b":")[0].lower().replace(b"_", b"-") != plain:
            yield part
    if peer.user is not None:
        if not peer.user.isprintable():
            raise HTTPError(400, "The name of the user holds a character that no header field can")
        yield f"{name}: {peer.user}".encode()


def request_head(
    request: RequestHead,
    target: bytes,
    host: str,
    *,
    length: int | None,
    append: bool = False,
    identity: str | None = None,
    upgrade: bytes = b"",
    extra: bytes = b"",
) -> bytes:
    """The head of the request to the origin.

    :param target: what it is asked for (see :func:`~.mapping.origin_target`).
    :param host: the value of Host.
    :param length: bytes of the content, ``None`` where they are not known.
    :param append: whether the client may say for whom it asks.
    :param identity: the field that says who the client has proved to be; its own of that name is left out.
    :param upgrade: the protocol that the client would rather speak.
    :param extra: more lines, each with its line end.

    Raises :class:`HTTPError` (400) for fields that cannot be passed on.
    """
    parts: list[bytes] = []
    via: list[bytes] = []
    connection: list[bytes] = []
    for name, value in request.headers.octets():
        prefix = _prefix(name)
        if prefix is not None:
            parts.append(prefix + value)
        elif name == b"connection":
            connection.append(value)
        elif name == b"via":
            via.append(value)
    if connection and not TRIVIAL.issuperset(map(bytes.lower, connection)):
        dropped = named_in(connection)
        parts = [part for part in parts if part.partition(b":")[0].lower() not in dropped]
    parts = parts if identity is None else [*_identified(parts, identity, request.peer)]
    parts.append(b"Via: " + b", ".join([*via, VIA]))
    parts.append(f"{FIELD}: {request.id}".encode("ascii"))
    block = b"\r\n".join(parts)
    breaks = len(parts) - 1
    if block.count(b"\n") != breaks or block.count(b"\r") != breaks or b"\0" in block:
        raise HTTPError(400, "A header field holds a line end")
    written = host.encode("latin-1", "replace")
    if _BREAK.search(written):
        raise HTTPError(400, "The host holds a line end")
    client = client_of(request.peer)
    forwarded = _appended(request, client) if append else _forwarded(client, request.scheme, request.host)
    wish = b"Connection: Upgrade\r\nUpgrade: %b\r\n" % upgrade if upgrade else b""
    method = "GET" if upgrade else request.method
    line = b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (method.encode("ascii"), target, written)
    return b"".join([line, block, b"\r\n", forwarded, framing(method, length), wish, extra, b"\r\n"])
