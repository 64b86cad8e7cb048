"""What is measured against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

POLYPORT = "polyport"

Service = Literal["lines", "datagrams", "naps", "tls"]
"""What a server puts on the network; for Polyport the services of polyport.yaml."""

Figure = Literal["rate", "cpu_us"]
"""Messages per second, or microseconds of the server's processor time per message."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that somebody would otherwise have written."""

    module: str
    """In the folder ``peers``; or, in front of a colon, ``polyport``, and behind it a reactor."""
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """How fast Polyport has to be: `at_least` times as fast as `peer`, by one of the figures."""

    peer: str
    at_least: float
    figure: Figure = "rate"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of load, and the servers that get it."""

    name: str
    service: Service
    load: Literal["tcp", "udp", "tls", "connect"]
    peers: tuple[Peer, ...]
    targets: tuple[Target, ...]
    in_flight: int = 1
    """Messages under way per socket."""
    sockets: int = 50
    size: int = 64
    """Bytes per message; for TCP with its newline."""
    scraped: bool = False
    """Whether the metrics of Polyport, but not those of its peers, are read once a second."""

    def data(self) -> dict[str, object]:
        """What of it stands in a result."""
        names = ("name", "load", "sockets", "in_flight", "size")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        if self.load == "connect":
            return f"{self.name}: {self.sockets} TCP connections at a time, each for one line of 64 bytes"
        socket, message = ("socket", "datagram") if self.load == "udp" else ("connection", "line")
        return (
            f"{self.name}: {self.sockets} {self.load.upper()} {socket}s, "
            f"{self.in_flight} {message}{'s' if self.in_flight > 1 else ''} of {self.size} bytes "
            f"in flight on each{', scraped once a second' if self.scraped else ''}"
        )


TWISTED = "Twisted LineReceiver"
UVLOOP = "uvloop Protocol"
THREADS = "socketserver.ThreadingTCPServer"
C_LINES = "C with epoll"
TWISTED_HERE = Peer("twisted_lines_here", "LineReceiver on Polyport's reactor")
ON_EPOLL = Peer("polyport:epoll", "Polyport on Twisted's epoll")
ON_ASYNCIO = Peer("polyport:asyncio", "Polyport on Twisted's asyncio")
UNSCRAPED = Peer("polyport:polyport", "Polyport, not scraped")

LINES = (
    Peer("twisted_lines", TWISTED),
    Peer("uvloop_lines", UVLOOP),
    Peer("asyncio_lines", "asyncio streams"),
    Peer("socketserver_lines", THREADS),
    Peer("epoll_lines", C_LINES),
    TWISTED_HERE,
    ON_EPOLL,
    ON_ASYNCIO,
)
DATAGRAMS = (
    Peer("twisted_datagrams", "Twisted DatagramProtocol"),
    Peer("socketserver_datagrams", "socketserver.UDPServer"),
    Peer("recvfrom_datagrams", "C with recvfrom"),
    ON_EPOLL,
)

SCENARIOS = (
    Scenario(
        "tcp-1",
        "lines",
        "tcp",
        LINES,
        (Target(UVLOOP, 0.8), Target(TWISTED, 2.5), Target(THREADS, 8)),
    ),
    Scenario("tcp-16", "lines", "tcp", LINES, (Target(UVLOOP, 0.6), Target(TWISTED, 3)), in_flight=16),
    Scenario(
        "udp-1",
        "datagrams",
        "udp",
        DATAGRAMS,
        (Target("Twisted DatagramProtocol", 1.2), Target("C with recvfrom", 0.6)),
    ),
    Scenario(
        "tls-1",
        "tls",
        "tls",
        (Peer("twisted_tls_lines", "Twisted TLS"), ON_EPOLL),
        (Target("Twisted TLS", 1.4, "cpu_us"),),
    ),
    Scenario(
        "connect",
        "lines",
        "connect",
        (Peer("twisted_lines", TWISTED), TWISTED_HERE, Peer("uvloop_lines", UVLOOP), ON_EPOLL),
        (Target(TWISTED, 1.2, "cpu_us"),),
    ),
    Scenario(
        "sleep-0",
        "naps",
        "tcp",
        (Peer("uvloop_naps", "uvloop streams"),),
        (Target("uvloop streams", 0.7),),
    ),
    Scenario(
        "scraped",
        "lines",
        "tcp",
        (UNSCRAPED,),
        (Target(UNSCRAPED.name, 0.97), Target(UNSCRAPED.name, 0.97, "cpu_us")),
        scraped=True,
    ),
)
