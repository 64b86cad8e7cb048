"""A site in memory, and what becomes of conversations with it."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableDescriptor
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from protocols.handlers import FunctionHandler
from protocols.http import (
    HTTPFactory,
    Limits,
    Request,
    RespondRoute,
    Response,
    StreamingRequest,
    WebSocketRoute,
    function_route,
)
from protocols.http.contract import METHODS
from protocols.http.websocket import Endpoint, Settings
from protocols.journal import Journal

TURNS = 5
GIVEN_UP = 400.0
"""Seconds after which no peer that says nothing is waited for any more, whatever it was about to do."""


@implementer(IHalfCloseableDescriptor)
class Wire(StringTransport):
    """A transport that is read to its end, and remembers how it was closed."""

    over = False

    def __init__(self, protocol: Any) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.7", 4321))
        self._protocol = protocol

    def loseConnection(self) -> None:  # noqa: N802 - the names are Twisted's
        super().loseConnection()
        self.over = True

    def loseWriteConnection(self) -> None:  # noqa: N802
        if not self.over:
            self._protocol.writeConnectionLost()

    def abortConnection(self) -> None:  # noqa: N802
        self.over = True

    def readConnectionLost(self, reason: Failure) -> None:
        raise AssertionError("not asked for")

    def writeConnectionLost(self, reason: Failure) -> None:
        raise AssertionError("not asked for")

    @property
    def listens(self) -> bool:
        """Whether more may be delivered."""
        return self.producerState == "producing" and not self.over


def shout(message: bytes) -> bytes:
    return message.upper()


def add(first: int, second: int) -> int:
    return first + second


def typed(message: dict[str, list[int]]) -> dict[str, int]:
    return {name: sum(numbers) for name, numbers in message.items()}


def form(request: Request) -> Response:
    with request.form() as read:
        return Response(f"{list(read)} {read.uploads()}")


async def count(request: StreamingRequest) -> Response:
    total = 0
    async for piece in request.body:
        total += len(piece)
    return Response(f"{total} {request.body.trailers.get('sum')}")


def echo(request: Request) -> Response:
    return Response({"query": str(request.query), "host": request.host, "cookies": str(request.cookies)})


class Site:
    """Every kind of route that reads what a client sends, on one clock."""

    def __init__(self) -> None:
        self.clock = clock = Clock()
        self.journal = journal = Journal("fuzzed")

        def route(function: Any, path: str) -> Any:
            return function_route(
                function, path=path, reactor=clock, journal=journal, run="loop", methods=METHODS
            )

        endpoint = Endpoint(clock=clock, journal=journal, settings=Settings(limit=4096))
        shouting: Any = FunctionHandler(shout, reactor=clock, run="loop")
        self.factory = HTTPFactory(
            {
                "/": RespondRoute("root"),
                "/shout": route(shout, "/shout"),
                "/add": route(add, "/add"),
                "/typed": route(typed, "/typed"),
                "/form": route(form, "/form"),
                "/count": route(count, "/count"),
                "/echo": route(echo, "/echo"),
                "/live": WebSocketRoute(shouting, endpoint),
            },
            journal=journal,
            clock=clock,
            limits=Limits(body=4096, request_line=512, header=2048, header_fields=20, requests=50),
        )

    def converse(self, pieces: list[bytes]) -> bytes:
        """What is said to a client that says `pieces`, shuts down its side, and waits.

        Whatever it has said: in the end the connection is closed, and nobody remembers it.
        """
        factory, clock = self.factory, self.clock
        self.journal.counts.failures = 0
        protocol: Any = factory.buildProtocol(None)
        wire = Wire(protocol)
        protocol.makeConnection(wire)
        for piece in pieces:
            if not wire.listens:
                clock.advance(0)
                if not wire.listens:
                    break
            protocol.dataReceived(piece)
        for _ in range(TURNS):
            clock.advance(0)
        if not wire.over:
            protocol.readConnectionLost()
        for _ in range(TURNS):
            clock.advance(GIVEN_UP / TURNS)
        assert wire.over, "it waits for ever"
        protocol.connectionLost(Failure(ConnectionDone()))
        clock.advance(0)
        assert not factory.open, "it is remembered"
        assert not clock.getDelayedCalls(), "a timer of it is left"
        assert not self.journal.counts.failures, "it is logged as a failure"
        said = wire.value()
        assert b"Traceback" not in said
        return said
