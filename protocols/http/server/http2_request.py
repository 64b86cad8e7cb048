"""From the fields of an HTTP/2 request to its parts (RFC 9113, section 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from protocols.http.errors import HTTPError
from protocols.http.fields import Headers, Query
from protocols.http.limits import Limits
from protocols.http.request import NO_PARAMETERS, Request
from protocols.http.server.http2_fields import CONNECTION_SPECIFIC, Field
from protocols.http.server.request_parser import HOST
from protocols.http.target import split_target
from protocols.session import Peer

FIELD_OVERHEAD: Final = 32
"""What a field counts besides its name and value (RFC 9113, section 6.5.2)."""

PSEUDO: Final = frozenset({b":method", b":scheme", b":authority", b":path", b":protocol"})

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}").fullmatch
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch
_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?").fullmatch
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z/-]{1,64}").fullmatch


class MalformedError(Exception):
    """A request that is none; its stream ends, and no other (RFC 9113, section 8.1.1)."""


class RequestParts:
    """What a request's field block says.

    .. attribute:: fields

       Names and values; Host among them, whatever the client called it, and one Cookie at most.

    .. attribute:: length

       Bytes of the content; ``None`` where they are not known before.
    """

    __slots__ = (
        "expects",
        "fault",
        "fields",
        "host",
        "length",
        "method",
        "path",
        "query",
        "target",
        "upgrade",
    )

    def __init__(self) -> None:
        self.method = ""
        self.target = ""
        self.path = "/"
        self.query = Query()
        self.host = ""
        self.fields: list[Field] = []
        self.length: int | None = None
        self.expects = False
        """Whether the client waits to be told to go on (RFC 9110, section 10.1.1)."""
        self.upgrade: str | None = None
        """The protocol that the stream is to speak (RFC 8441, section 4)."""
        self.fault: HTTPError | None = None
        """What is wrong and can be told."""

    def request(self, peer: Peer, scheme: str) -> Request:
        """The request, without its content."""
        request = Request.__new__(Request)
        request.__dict__.update(
            method=self.method,
            path=self.path,
            query=self.query,
            headers=Headers.of_octets(self.fields),
            body=b"",
            peer=peer,
            parameters=NO_PARAMETERS,
            target=self.target,
            scheme=scheme,
            host=self.host,
            version="2",
            upgrade=self.upgrade,
        )
        return request


def read_request(fields: Sequence[Field], scheme: str, limits: Limits) -> RequestParts:
    """The parts of a request that came over a connection for `scheme`.

    Raises :class:`MalformedError`.
    """
    parts = RequestParts()
    size = sum([len(name) + len(value) + FIELD_OVERHEAD for name, value in fields])
    if size > limits.header:
        parts.fault = HTTPError(431, "The header is too long")
    elif len(fields) > limits.header_fields + len(PSEUDO):
        parts.fault = HTTPError(431, "The header has too many fields")
    pseudo, at = _pseudo_fields(fields)
    _read_fields(parts, fields[at:])
    if parts.fault is None and len(parts.fields) > limits.header_fields:
        parts.fault = HTTPError(431, "The header has too many fields")
    _read_method(parts, pseudo)
    _read_host(parts, pseudo.get(b":authority"))
    if parts.fault is None:
        parts.fault = _target_fault(parts, pseudo, scheme, limits)
    return parts


def read_trailers(fields: Sequence[Field]) -> Headers:
    """The fields behind the content.  Raises :class:`MalformedError`."""
    return Headers.of_octets([_checked(field) for field in fields])


def _pseudo_fields(fields: Iterable[Field]) -> tuple[dict[bytes, bytes], int]:
    """The fields that are not the header's, which come first, and how many they are."""
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        if name[:1] != b":":
            break
        if name not in PSEUDO or name in found or not _VALUE(value):
            raise MalformedError(f"a bad {name!r}")
        found[name] = value
    return found, len(found)


def _checked(field: Field) -> Field:
    name, value = field
    if not _NAME(name) or not _VALUE(value):
        raise MalformedError("a field is none")
    if name in CONNECTION_SPECIFIC and (name != b"te" or value.lower() != b"trailers"):
        raise MalformedError(f"{name.decode()} has no meaning in HTTP/2")
    return name, value


def _read_fields(parts: RequestParts, fields: Iterable[Field]) -> None:
    cookies: list[bytes] = []
    kept = parts.fields
    for field in fields:
        name, value = _checked(field)
        if name == b"cookie":
            cookies.append(value)
            continue
        if name == b"content-length":
            if parts.length is not None or not value.isdigit() or len(value) > 19:
                raise MalformedError("the length is none")
            parts.length = int(value)
        elif name == b"expect":
            parts.expects = value.lower() == b"100-continue"
        kept.append((name, value))
    if cookies:
        # They may be split for the sake of compression (RFC 9113, section 8.2.3).
        kept.append((b"cookie", b"; ".join(cookies)))


def _read_method(parts: RequestParts, pseudo: dict[bytes, bytes]) -> None:
    method = pseudo.get(b":method", b"")
    if not _METHOD(method):
        raise MalformedError("there is no method")
    parts.method = method.decode()
    protocol = pseudo.get(b":protocol")
    if protocol is not None:
        if method != b"CONNECT" or not _TOKEN(protocol) or b":authority" not in pseudo:
            raise MalformedError("another protocol is asked for in the wrong way")
        parts.method = "GET"
        parts.upgrade = protocol.decode().lower()
    elif method == b"CONNECT":
        if b":path" in pseudo or b":scheme" in pseudo or b":authority" not in pseudo:
            raise MalformedError("CONNECT is for a host and a port")
        parts.fault = parts.fault or HTTPError(501, "This server is no proxy")
        return
    if not pseudo.get(b":path") or b":scheme" not in pseudo:
        raise MalformedError("there is no path, or no scheme")


def _read_host(parts: RequestParts, authority: bytes | None) -> None:
    hosts = [value for name, value in parts.fields if name == b"host"]
    if len(hosts) > 1 or (hosts and authority is not None and hosts[0].lower() != authority.lower()):
        raise MalformedError("there is more than one host")
    if not hosts and authority is not None:
        parts.fields.insert(0, (b"host", authority))
    host = hosts[0] if authority is None and hosts else authority
    if host is None or not HOST.fullmatch(host):
        parts.fault = parts.fault or HTTPError(400, "There is no host")
    else:
        parts.host = host.decode()


def _target_fault(
    parts: RequestParts, pseudo: dict[bytes, bytes], scheme: str, limits: Limits
) -> HTTPError | None:
    path = pseudo[b":path"]
    parts.target = path.decode("latin-1")
    if len(path) > limits.request_line:
        return HTTPError(414, "The request target is too long")
    if pseudo[b":scheme"].lower() != scheme.encode():
        return HTTPError(421, f"Requests over this connection are for {scheme}")
    if not path.startswith(b"/") and path != b"*":
        return HTTPError(400, "The request target is not a path")
    try:
        parts.path, parts.query = split_target(parts.target)
    except HTTPError as error:
        return error
    return None
