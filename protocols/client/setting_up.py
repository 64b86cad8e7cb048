"""From what a program says to a conversation's terms, the same for every kind of client."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from protocols.client.place import Place
from protocols.client.retry import ONCE, Retry
from protocols.client.terms import Terms
from protocols.client.tls import TLS
from protocols.client.values import Values
from protocols.client.wire import Seconds
from protocols.framing import Framing
from protocols.framing_syntax import parse_framing


@dataclass(frozen=True, slots=True)
class Setup:
    """A client that is about to connect."""

    terms: Terms
    values: Values
    context: ssl.SSLContext | None
    name: str
    """Whom the certificate must be for, with a `context`."""


def set_up(
    url: str | Place,
    *,
    framing: str | Framing | None,
    codec: str | None,
    limit: int,
    timeout: Seconds,
    tls: TLS | None,
    reconnect: Retry | None,
    retry: Retry | None,
    opening: Iterable[object],
) -> Setup:
    """What :func:`protocols.client.connect` documents, which also has the defaults."""
    place = url if isinstance(url, Place) else Place.parse(url)
    if place.datagrams:
        if framing is not None:
            raise ValueError(f"a datagram is a message already: there is no framing for {place.scheme}")
        if tuple(opening):
            raise ValueError("datagrams have no connection that could begin with opening=")
    if tls is not None and place.scheme != "tls":
        raise ValueError(f"{place} is not encrypted; tls= needs tls://")
    values = Values(str(place), codec)
    chosen = None if place.datagrams else (framing or "lines")
    terms = Terms(
        place,
        parse_framing(chosen, limit) if isinstance(chosen, str) else chosen,
        timeout,
        reconnect,
        retry or ONCE,
        tuple(map(values.encode, opening)),
    )
    if place.scheme != "tls":
        return Setup(terms, values, None, "")
    from protocols.outgoing_tls import identity_of

    chosen_tls = tls or TLS()
    name = chosen_tls.server_name or place.host or "localhost"
    identity_of(name)
    return Setup(terms, values, chosen_tls.context(), name)
