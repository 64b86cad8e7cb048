"""Who asks, where proxies stand between: Forwarded (RFC 7239) and the X-Forwarded fields.

Any client can write such fields.  What counts is what a proxy has written that the operator trusts, and
every proxy appends; so they are read from the right, as far as trusted proxies have written them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice
from typing import Final, Literal

from protocols.http.fields import Headers
from protocols.http.request import RequestHead
from protocols.networks import Networks
from protocols.session import Peer

Style = Literal["x-forwarded", "forwarded"]

QUOTED_COMMAS: Final = 3
"""Commas within the quotes of one element of Forwarded that are looked past."""

HOPS: Final = 32
"""Proxies that are looked past; nobody has as many."""

_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
_NODE = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>\d+\.\d+\.\d+\.\d+))(?::(?P<port>\d{1,5}))?")
_HIDDEN = re.compile(r"(?:unknown|_[A-Za-z0-9._-]+)(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?", re.IGNORECASE)
_PAIR = re.compile(
    r"""[ \t]*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)=
        (?:(?P<token>[!#$%&'*+.^_`|~0-9A-Za-z-]+)|"(?P<quoted>(?:[^"\\]|\\.)*)")[ \t]*(?P<end>;|$)""",
    re.VERBOSE,
)


class MalformedError(ValueError):
    """What proxies said makes no sense."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says of the one it was asked by."""

    host: str | None
    """An IP address; ``None`` where the proxy would not tell."""
    port: int = 0
    scheme: str = ""
    server: str = ""
    """The host that was asked for."""


class TrustedProxies:
    """The proxies that are believed.

    :param proxies: where they are.
    :param style: which fields they write.  The others are not looked at: a proxy that does not write them
        passes on what its client wrote.
    """

    def __init__(self, proxies: Networks, *, style: Style = "x-forwarded") -> None:
        self.proxies = proxies
        self._hops = _forwarded if style == "forwarded" else _x_forwarded

    def apply(self, request: RequestHead) -> None:
        """Have `request` say who asked the outermost trusted proxy, by which scheme, and for which host; and
        believe what the proxy calls it.

        Where the peer itself is not trusted, or says nothing, nothing changes.  A proxy that does not say who
        asks, or not in order, stays the peer, without what itself has proved.
        """
        peer = request.peer
        if peer.host not in self.proxies:
            return
        request.believe_id()
        hop = self._client(self._hops(request.headers))
        if hop is None:
            return
        request.scheme = hop.scheme or request.scheme
        request.host = hop.server or request.host
        if hop.host is None:
            request.peer = replace(peer, user=None, certificate=None, credentials=None)
        else:
            request.peer = Peer(request.scheme, hop.host, hop.port)

    def _client(self, hops: Iterator[Hop]) -> Hop | None:
        """The first from the right that is no trusted proxy, else the last of which an address is known."""
        found = None
        try:
            for hop in islice(hops, HOPS):
                if hop.host is None:
                    return found or hop
                found = hop
                if hop.host not in self.proxies:
                    break
        except MalformedError:
            return found or Hop(None)
        return found


def _forwarded(headers: Headers) -> Iterator[Hop]:
    """The elements of Forwarded from the right; what is left of the last one asked for is not looked at,
    for a client may have written it, as badly as it likes."""
    rest = headers.get("forwarded")
    while rest is not None:
        rest, pairs = _last_element(rest)
        yield _hop(pairs.get("for"), pairs.get("proto", ""), pairs.get("host", ""))


def _last_element(text: str) -> tuple[str | None, dict[str, str]]:
    """What is before the last element of `text`, and that element; a comma may stand in quotes."""
    end = len(text)
    for _ in range(QUOTED_COMMAS + 1):
        end = text.rfind(",", 0, end)
        pairs = _pairs(text[end + 1 :])
        if pairs is not None:
            return (None if end < 0 else text[:end]), pairs
        if end < 0:
            break
    raise MalformedError(text)


def _pairs(element: str) -> dict[str, str] | None:
    pairs: dict[str, str] = {}
    at, end = 0, ";"
    while end:
        found = _PAIR.match(element, at)
        if found is None or found["name"].lower() in pairs:
            return None
        quoted = found["quoted"]
        value = found["token"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        pairs[found["name"].lower()] = value
        at, end = found.end(), found["end"]
    return pairs


def _x_forwarded(headers: Headers) -> Iterator[Hop]:
    """What X-Forwarded-For, -Proto and -Host say together, from the right."""
    nodes = _listed(headers, "x-forwarded-for")
    schemes = _listed(headers, "x-forwarded-proto")
    servers = _listed(headers, "x-forwarded-host")
    if not nodes and (schemes or servers):
        yield _hop(None, _at(schemes, -1, 1), _at(servers, -1, 1))
    for index in range(-1, -len(nodes) - 1, -1):
        yield _hop(nodes[index], _at(schemes, index, len(nodes)), _at(servers, index, len(nodes)))


def _at(values: list[str], index: int, length: int) -> str:
    """The value for the node at `index`, of `length` nodes.

    Proxies that append to one of the fields append to all; those that do not have overwritten the others.
    """
    if not values:
        return ""
    return values[index] if len(values) == length else values[-1]


def _listed(headers: Headers, name: str) -> list[str]:
    value = headers.get(name)
    return [] if value is None else [item.strip(" \t") for item in value.split(",")]


def _hop(node: str | None, scheme: str, server: str) -> Hop:
    """A scheme and a server that make no sense are left out, for clients choose those.

    Raises :class:`MalformedError` if the node is none.
    """
    scheme = scheme.lower() if scheme.lower() in ("http", "https") else ""
    server = server if _HOST.fullmatch(server) else ""
    if node is None or _HIDDEN.fullmatch(node):
        return Hop(None, 0, scheme, server)
    found = _NODE.fullmatch(node)
    written = (found["v6"] or found["v4"]) if found else node
    try:
        address = ip_address("" if "%" in written else written)
    except ValueError:
        raise MalformedError(node) from None
    port = int(found["port"] or 0) if found else 0
    if port > 65535:
        raise MalformedError(node)
    plain = getattr(address, "ipv4_mapped", None) or address
    return Hop(str(plain), port, scheme, server)
