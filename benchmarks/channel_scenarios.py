"""What is measured of channels, against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scenarios import Target

Kind = Literal["publish", "fan-out", "replay"]
Dialect = Literal["lines", "sse", "echo", "redis", "nats"]
Program = Literal["polyport", "redis", "nats", "sqlite-commits"]


@dataclass(frozen=True, slots=True)
class Side:
    """A server, and how it is asked."""

    name: str
    program: Program
    dialect: Dialect = "lines"
    place: str = ""
    """Of Polyport, the port that is asked (channels.yaml); for a replay, the path."""


@dataclass(frozen=True, slots=True)
class ChannelScenario:
    """One kind of load, and the servers that get it, Polyport first."""

    name: str
    what: str
    kind: Kind
    sides: tuple[Side, ...]
    targets: tuple[Target, ...]
    connections: int = 50
    in_flight: int = 1

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"

    def data(self) -> dict[str, object]:
        """What of it stands in a result."""
        names = ("name", "kind", "connections", "in_flight")
        return {name: getattr(self, name) for name in names}


REDIS = "Redis Streams, appendfsync always"
COMMITS = "a commit for each message"
ECHO = "Polyport's echo of lines"
NATS = "nats-server"
FILE = "the same bytes as a file"
CAT = "the same bytes by cat, a CGI"

FAN_OUT = 1000
"""Subscribers."""

CHANNEL_SCENARIOS = (
    ChannelScenario(
        "publish-durable",
        "50 connections, one message of 64 bytes in flight on each, on disk before it is answered",
        "publish",
        (
            Side("polyport", "polyport", place="durable"),
            Side(REDIS, "redis", "redis"),
            Side(COMMITS, "sqlite-commits"),
        ),
        (Target(REDIS, 0.5), Target(COMMITS, 10)),
    ),
    ChannelScenario(
        "publish-memory",
        "50 connections, one message of 64 bytes in flight on each, kept in memory",
        "publish",
        (Side("polyport", "polyport", place="memory"), Side(ECHO, "polyport", "echo", "echo")),
        (Target(ECHO, 0.7),),
    ),
    ChannelScenario(
        "fan-out-lines",
        "1 publisher, 1,000 subscribers by lines, 64 messages under way (deliveries)",
        "fan-out",
        (Side("polyport", "polyport", place="lines"), Side(NATS, "nats", "nats")),
        (Target(NATS, 0.5),),
        connections=FAN_OUT,
        in_flight=64,
    ),
    ChannelScenario(
        "fan-out-sse",
        "1 publisher, 1,000 subscribers by server-sent events, 64 messages under way (deliveries)",
        "fan-out",
        (Side("polyport", "polyport", "sse", "web"), Side(NATS, "nats", "nats")),
        (Target(NATS, 0.5),),
        connections=FAN_OUT,
        in_flight=64,
    ),
    ChannelScenario(
        "replay",
        "1 connection, a million stored messages as NDJSON (MiB per second)",
        "replay",
        (
            Side("polyport", "polyport", place="/durable"),
            Side(CAT, "polyport", place="/cat/cat.sh"),
            Side(FILE, "polyport", place="/files/replay.ndjson"),
        ),
        (Target(CAT, 0.5),),
        connections=1,
    ),
)
