"""What is measured against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

POLYPORT = "polyport"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that somebody would otherwise have written."""

    module: str
    """In the folder ``peers``."""
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """How fast Polyport has to be: `at_least` times the messages per second of `peer`."""

    peer: str
    at_least: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of load, and the servers that get it."""

    name: str
    transport: Literal["tcp", "udp"]
    in_flight: int
    """Messages under way per socket."""
    peers: tuple[Peer, ...]
    target: Target | None = None
    sockets: int = 50
    size: int = 64
    """Bytes per message; for TCP with its newline."""

    def __str__(self) -> str:
        socket, message = ("connection", "line") if self.transport == "tcp" else ("socket", "datagram")
        return (
            f"{self.name}: {self.sockets} {self.transport.upper()} {socket}s, "
            f"{self.in_flight} {message}{'s' if self.in_flight > 1 else ''} of {self.size} bytes "
            f"in flight on each"
        )


LINE_PEERS = (
    Peer("twisted_lines", "Twisted LineReceiver"),
    Peer("asyncio_lines", "asyncio streams"),
    Peer("socketserver_lines", "socketserver.ThreadingTCPServer"),
)
DATAGRAM_PEERS = (
    Peer("twisted_datagrams", "Twisted DatagramProtocol"),
    Peer("socketserver_datagrams", "socketserver.UDPServer"),
)

SCENARIOS = (
    Scenario("tcp-1", "tcp", 1, LINE_PEERS, Target("Twisted LineReceiver", 0.9)),
    Scenario("tcp-16", "tcp", 16, LINE_PEERS, Target("Twisted LineReceiver", 1.5)),
    Scenario("udp-1", "udp", 1, DATAGRAM_PEERS),
)
