"""Clients of framed messages: for plain scripts, and for asyncio.

::

    from protocols.client import connect

    with connect("tcp://localhost:7000", framing="lines", codec="json", timeout=5) as client:
        quote = client.ask(Order("tea", 3), Quote)

What is said is written once (:mod:`protocols.client.conversation`), as coroutines over a *wire*
(:mod:`protocols.client.wire`); one kind of wire blocks, the other is asyncio's.  HTTP is
:mod:`protocols.client.http`.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocols.client.async_client import AsyncClient, Connecting
from protocols.client.client import Client
from protocols.client.errors import (
    ClientError,
    ClientTimeoutError,
    ClosedError,
    ConnectError,
    ConnectionLostError,
    NobodyListensError,
    ProblemError,
    ReplyError,
    ReplyFramingError,
    TLSError,
)
from protocols.client.place import Place
from protocols.client.retry import Retry
from protocols.client.setting_up import set_up
from protocols.client.tls import TLS
from protocols.client.wire import Seconds
from protocols.framing import Framing
from protocols.framing.limit import DEFAULT_LIMIT

__all__ = [
    "TLS",
    "AsyncClient",
    "Client",
    "ClientError",
    "ClientTimeoutError",
    "ClosedError",
    "ConnectError",
    "ConnectionLostError",
    "NobodyListensError",
    "Place",
    "ProblemError",
    "ReplyError",
    "ReplyFramingError",
    "Retry",
    "TLSError",
    "connect",
    "connect_async",
]


def connect(
    url: str | Place,
    *,
    framing: str | Framing | None = None,
    codec: str | None = "json",
    limit: int = DEFAULT_LIMIT,
    timeout: Seconds = 10.0,
    tls: TLS | None = None,
    reconnect: Retry | None = None,
    retry: Retry | None = None,
    opening: Iterable[object] = (),
) -> Client:
    """Connect to the server at `url`, and return a client whose calls block.

    :param url: ``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``udp://HOST:PORT``, ``unix:///PATH``,
        ``unix:@NAME`` (abstract) or ``unixgram:///PATH``; an IPv6 address stands in brackets.
    :param framing: ``lines`` (the default), ``lines:crlf``, ``delimited:|``, ``length``, ``length:2:little``,
        ``netstring``, ``fixed:16``, ``raw``, or a framing of :mod:`protocols.framing`; none for datagrams.
    :param codec: ``json``, ``msgpack``, ``text``, ``bytes``, ``pickle`` (plain data, no code), or ``None``:
        as a type's name says, bytes and text as they are and JSON for the rest.
    :param limit: the longest message to accept, in bytes.
    :param timeout: seconds that one step may take: an attempt to connect, the server's taking of a message, a
        reply; ``None`` for ever.
    :param tls: whom to believe, and what to show, with ``tls://``; the system's authorities unless given.
    :param retry: how often to try to connect; with datagrams, how often ``ask`` sends one, and how long it
        waits each time for the reply, `timeout` seconds in all; ``None``: once.  A datagram that is sent
        twice may be answered, and acted upon, twice.
    :param reconnect: how often to try to connect anew after a loss, and the first time; ``None``: never.  A
        message is not sent on a second connection unless ``ask(..., repeat=True)`` allows it.
    :param opening: values that are sent first on each connection, such as who you are and what you want.

    Raises :class:`ConnectError`, :class:`TLSError` or :class:`ClientTimeoutError`; :class:`ValueError` and
    :class:`OSError` for settings that make no sense, or files that cannot be read.
    """
    return Client(
        set_up(
            url,
            framing=framing,
            codec=codec,
            limit=limit,
            timeout=timeout,
            tls=tls,
            reconnect=reconnect,
            retry=retry,
            opening=opening,
        )
    )


def connect_async(
    url: str | Place,
    *,
    framing: str | Framing | None = None,
    codec: str | None = "json",
    limit: int = DEFAULT_LIMIT,
    timeout: Seconds = 10.0,
    tls: TLS | None = None,
    reconnect: Retry | None = None,
    retry: Retry | None = None,
    opening: Iterable[object] = (),
) -> Connecting:
    """As :func:`connect`, for asyncio: ``await connect_async(...)``, or ``async with`` it.

    Addresses of a host are tried side by side (RFC 8305).
    """
    return Connecting(
        set_up(
            url,
            framing=framing,
            codec=codec,
            limit=limit,
            timeout=timeout,
            tls=tls,
            reconnect=reconnect,
            retry=retry,
            opening=opening,
        )
    )
