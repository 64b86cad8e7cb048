"""A store that is closed: what was taken is done, and then there is nothing left of it."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from protocols.channels.channel import Channel
from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.message import Entry
from protocols.channels.sqlite import forgetting, turns


def left(file: Path) -> list[str]:
    """The threads and descriptors that are there for `file`."""
    found = [thread.name for thread in threading.enumerate() if thread.name.startswith(file.name)]
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if file.name in str(link.readlink()):
                found.append(str(link.readlink()))
    return found


class Slow:
    """Turns of `store` wait in their thread until :meth:`go_on`."""

    def __init__(self, store) -> None:
        self._event = Event()
        turn = store._writing.turn
        store._writing.turn = lambda *work: (self._event.wait(60), turn(*work))[1]
        self.go_on = self._event.set


class Member:
    def __init__(self) -> None:
        self.claims = []

    def claimed(self, claims):
        self.claims += claims

    def cut_off(self, reason):
        pass


@pytest_twisted.ensureDeferred
async def test_what_members_have_said_last_is_kept(scene):
    here = scene()
    channel = Channel("readings", here.store, clock=reactor)
    await channel.open()
    group = channel.groups["g"] = Group(channel, "g", GroupTerms())
    await channel.publish([Entry(b"x") for _ in range(4)])
    member = Member()
    membership = group.join(member, 16)
    await here.until(lambda: len(member.claims) == 4)
    membership.settle([1, 2])
    await channel.close()
    async with scene() as again:
        assert (await again.store.group("g")).claimed == 2
        assert [claim.message.seq for claim in await again.store.claim("g", 9, 30.0)] == [3, 4]


@pytest_twisted.ensureDeferred
async def test_what_was_taken_is_published(scene, file, monkeypatch):
    monkeypatch.setattr(turns, "AT_A_TIME", 2)
    here = scene()
    await here.store.open(here.came.extend)
    published = [here.store.append([Entry(b"%d" % number)]) for number in range(9)]
    done = here.store._turns.do(lambda connection: 7)
    closed = here.store.close()
    with pytest.raises(UnavailableError, match="closed"):
        here.store.append([Entry(b"late")])
    await closed
    assert [(await receipts)[0].seq for receipts in published] == list(range(1, 10))
    assert await done == 7
    assert len(here.came) == 9
    await here.until(lambda: not left(file))


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest_twisted.ensureDeferred
async def test_a_turn_that_ends_late(scene, file, is_cancelled):
    here = scene(stalled=60.0 if is_cancelled else 0.1)
    await here.store.open(here.came.extend)
    slow = Slow(here.store)
    begun, job = here.store.append([Entry(b"begun")]), here.store.settle("g", [1])
    await here.until(lambda: here.store._turns._since is not None)
    waiting, later = here.store.append([Entry(b"waiting")]), here.store.settle("g", [2])
    closed = here.store.close()
    if is_cancelled:
        closed.cancel()
    await closed
    for told in (begun, job):
        with pytest.raises(StalledError, match="may have been"):
            await told
    for told in (waiting, later):
        with pytest.raises(UnavailableError, match=r"closed|not answer"):
            await told
    assert left(file), "it hangs still"
    slow.go_on()
    await here.until(lambda: not left(file))


@pytest_twisted.ensureDeferred
async def test_nothing_brings_it_back(scene, file):
    here = scene()
    await here.store.open(here.came.extend)
    await here.store.close()
    await here.store.close()
    for asked in (
        here.store.open(print),
        here.store.read(0),
        here.store.due("g"),
        here.store.group("g"),
        here.store.seq_before(7),
        here.store.trim(7),
        here.in_writer(lambda connection: 7),
    ):
        with pytest.raises(UnavailableError, match="the channel is closed"):
            await asked
    here.store._turns.look()
    assert here.store._turns._soon is None
    await here.until(lambda: not left(file))


@pytest_twisted.ensureDeferred
async def test_closed_before_it_is_open(scene, file):
    here = scene()
    opened, closed = here.store.open(here.came.extend), here.store.close()
    with pytest.raises(UnavailableError, match="the channel is closed"):
        await opened
    await closed
    await here.until(lambda: not left(file))
    assert here.store._bell._next is None


@pytest_twisted.ensureDeferred
async def test_closed_before_it_cannot_be_opened(scene, file):
    file.mkdir(parents=True)
    here = scene()
    opened, closed = here.store.open(here.came.extend), here.store.close()
    with pytest.raises(UnavailableError, match="Is a directory"):
        await opened
    await closed


@pytest_twisted.ensureDeferred
async def test_one_that_could_not_be_opened_may_be_later(scene, file):
    file.mkdir(parents=True)
    here = scene()
    with pytest.raises(UnavailableError, match="Is a directory"):
        await here.store.open(here.came.extend)
    await here.until(lambda: not left(file))
    file.rmdir()
    async with here:
        assert (await here.publish(b"x"))[0].seq == 1


@pytest_twisted.ensureDeferred
async def test_the_file_is_not_made_shorter_any_more(scene, monkeypatch, file):
    here = scene()
    await here.store.open(here.came.extend)
    await here.publish(*([b"x"] * 2500))
    aside, closed, shortened = here.store._aside, [], []
    monkeypatch.setattr(forgetting, "shorten", lambda connection: 1)

    def counted(function):
        shortened.append(function)
        if len(shortened) == 3:
            reactor.callLater(0, lambda: closed.append(here.store.close()))
        return aside(function)

    monkeypatch.setattr(here.store, "_aside", counted)
    assert await here.store.trim(2500) == 2500
    await closed[0]
    await here.until(lambda: not left(file))


@pytest_twisted.ensureDeferred
async def test_after_an_outage_no_timer_is_left(scene, failures, monkeypatch):
    here = scene()
    await here.store.open(here.came.extend)

    def fails(*work):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(here.store._writing, "turn", fails)
    published = here.store.append([Entry(b"x")])
    closed = here.store.close()
    with pytest.raises(UnavailableError, match="Input/output error"):
        await published
    await closed
    assert here.store._turns._again is None
    failures.take(OSError)


@pytest_twisted.ensureDeferred
async def test_nothing_at_all_is_published_at_once(scene):
    async with scene() as here:
        slow = Slow(here.store)
        begun = here.store.append([Entry(b"x")])
        assert here.store.append([]).result == []
        slow.go_on()
        await begun


@pytest_twisted.ensureDeferred
async def test_those_who_wait_for_something_else_do_not_wait_for_ever(scene):
    async with scene(stalled=0.1) as here:
        slow = Slow(here.store)
        begun = here.store.settle("g", [1])
        await deferLater(reactor, 0.02)
        waiting = here.store.claim("g", 1, 30.0)
        with pytest.raises(StalledError, match="may have been done"):
            await begun
        with pytest.raises(UnavailableError, match="does not answer"):
            await waiting
        slow.go_on()
        await here.until(lambda: here.store._turns._since is None)


@pytest_twisted.ensureDeferred
async def test_a_job_that_makes_a_mistake_fails_alone(scene):
    async with scene() as here:
        published, trimmed = here.store.append([Entry(b"x")]), here.store.trim(10**20)
        settled = here.store.settle("g", [1])
        assert (await published)[0].seq == 1
        assert await settled == 0
        with pytest.raises(OverflowError):
            await trimmed
        assert (await here.publish(b"y"))[0].seq == 2
