"""Channels in memory, at once or as slow as a test wants them, and fakes of groups."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from protocols.channels import Channel, Settings
from protocols.channels.errors import RefusedError, UnavailableError
from protocols.channels.intake import Intake
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Entry
from protocols.channels.store import Claim


class SlowStore(MemoryStore):
    """A store that takes nothing until the test says so."""

    def __init__(self, log: MemoryLog, **named: Any) -> None:
        super().__init__(log, **named)
        self.waiting: deque[tuple[Any, Deferred[Any]]] = deque()

    def append(self, entries: Any) -> Any:
        told: Deferred[Any] = Deferred()
        self.waiting.append((entries, told))
        return told

    def commit(self, which: int = 0) -> None:
        """Take one publication, the oldest unless said."""
        entries, told = self.waiting[which]
        del self.waiting[which]
        told.callback(super().append(entries))

    def fail(self, error: Exception) -> None:
        _, told = self.waiting.popleft()
        told.errback(error)


class NoBad(Intake):
    """Takes everything but what begins with ``bad``."""

    def check(self, entry: Entry) -> Entry:
        if entry.body.startswith(b"bad"):
            raise RefusedError(f"no {entry.body.decode()!r} here")
        return super().check(entry)

    def check_all(self, entries: Any) -> Any:
        return list(map(self.check, entries))


class FakeGroup:
    """A group whose claims the test makes."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.calls: list[Any] = []
        self.member: Any = None
        self.at_once: list[Claim] = []
        self.is_closed = False
        self.strange: set[int] = set()  # what was not handed out to it

    def join(self, member: Any, inflight: int = 0) -> FakeGroup:
        if self.is_closed:
            raise UnavailableError("the channel is closed")
        self.member = member
        self.calls.append("join")
        if self.at_once:
            member.claimed(self.at_once)
        return self

    def settle(self, seqs: Any) -> list[int]:
        self.calls.append(("settle", *seqs))
        return [seq for seq in seqs if seq in self.strange]

    def give_back(self, seq: int, error: str, delay: float = 0.0) -> bool:
        self.calls.append(("give back", seq, error, delay))
        return seq not in self.strange

    def leave(self) -> None:
        self.calls.append("leave")

    def close(self) -> None:
        pass

    def claim(self, *bodies: bytes, first: int = 1, tries: int = 1) -> None:
        log = self.channel.store._log
        for body in bodies:
            log.append([Entry(body)], 0)
        self.member.claimed([Claim(log.get(first + n), tries) for n in range(len(bodies))])


class Made:
    """Channels, by the clock of the test."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock

    def __call__(
        self, name: str = "readings", *, later: bool = False, intake: Intake | None = None, **settings: Any
    ) -> Channel:
        store = (SlowStore if later else MemoryStore)(MemoryLog(), now=self.clock.seconds)
        channel = Channel(
            name,
            store,
            clock=self.clock,
            settings=Settings(**settings),
            intake=intake or NoBad(),
            now=self.clock.seconds,
        )
        channel.open()
        return channel


@pytest.fixture
def make(clock) -> Made:
    """Makes channels."""
    return Made(clock)


@pytest.fixture
def channel(make) -> Channel:
    return make()


@pytest.fixture
def slow(make) -> Channel:
    """A channel whose store takes nothing until the test says so."""
    return make(later=True)


@pytest.fixture
def group(channel) -> FakeGroup:
    group = FakeGroup(channel)
    channel.groups["billing"] = group
    return group


@pytest.fixture
def bodies():
    """The bodies that are in a channel."""

    def bodies(channel: Channel) -> list[bytes]:
        return [message.body for message in channel.store._log.after(0, 10_000)]

    return bodies
