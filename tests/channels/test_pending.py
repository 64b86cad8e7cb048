"""What publishers wait for."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.pending import Pending


def entries(count):
    return [Entry(b"%d" % number) for number in range(count)]


def told(deferred):
    """What it was told: receipts, an error's type, or nothing yet."""
    found = []
    deferred.addCallbacks(found.append, lambda failure: found.append(failure.type))
    return found


@pytest.fixture
def clock():
    return Clock()


def test_told_when_it_is_durable(clock):
    pending = Pending(clock)
    one, two = told(pending.add(entries(1))), told(pending.add(entries(2)))
    assert len(pending) == 3
    begun = pending.begin(100)
    assert (len(pending), pending.unfinished) == (0, True)
    begun[0].published([Receipt(1)])
    begun[1].published([Receipt(2), Receipt(3)])
    pending.finish(begun)
    assert (one, two) == ([[Receipt(1)]], [[Receipt(2), Receipt(3)]])
    assert not pending.unfinished


def test_about_so_many_are_begun_with_in_their_order(clock):
    pending = Pending(clock)
    for count in (2, 2, 5, 1):
        pending.add(entries(count))
    assert [len(one.entries) for one in pending.begin(3)] == [2, 2]
    assert [len(one.entries) for one in pending.begin(1)] == [5]
    assert len(pending) == 1
    assert [len(one.entries) for one in pending.begin(9)] == [1]
    assert pending.begin(9) == []


def test_not_more_than_so_many_wait(clock):
    pending = Pending(clock, most=3)
    pending.add(entries(2))
    with pytest.raises(UnavailableError, match="2 messages wait"):
        pending.add(entries(2))
    pending.add(entries(1))
    pending.begin(9)
    pending.add(entries(3))


def test_one_publication_may_be_more_than_that(clock):
    pending = Pending(clock, most=3)
    pending.add(entries(10))
    assert len(pending) == 10


def test_nor_more_bytes_than_so_many(clock):
    pending = Pending(clock, most_octets=10)
    pending.add([Entry(b"x" * 20)])
    with pytest.raises(UnavailableError, match="20 bytes wait for the store already"):
        pending.add([Entry(b"x")])
    pending.begin(9)
    pending.add([Entry(b"x" * 5), Entry(b"x" * 4)])
    with pytest.raises(UnavailableError, match="9 bytes wait"):
        pending.add([Entry(b"xx")])
    pending.add([Entry(b"x")])


@pytest.mark.parametrize("end", ["refused", "given up"])
def test_what_waits_no_more_takes_no_room(clock, end):
    pending = Pending(clock, most_octets=10, patience=30.0)
    waiting = told(pending.add([Entry(b"x" * 10)]))
    if end == "refused":
        pending.refuse(UnavailableError("the disk is full"))
    else:
        clock.advance(30.0)
    assert waiting == [UnavailableError]
    pending.add([Entry(b"x" * 5)])
    pending.add([Entry(b"x" * 5)])


def test_what_they_wait_for_has_a_name(clock):
    pending = Pending(clock, most=1, patience=30.0, on=("a bus", "no bus has come"))
    errors = []
    pending.add(entries(1)).addErrback(lambda failure: errors.append(str(failure.value)))
    with pytest.raises(UnavailableError, match="1 messages wait for a bus already"):
        pending.add(entries(1))
    clock.advance(30.0)
    assert errors == ["no bus has come"]


def test_given_up_where_nobody_has_begun(clock):
    pending = Pending(clock, patience=30.0)
    early = told(pending.add(entries(1)))
    clock.advance(10.0)
    late = told(pending.add(entries(1)))
    clock.advance(20.0)
    assert (early, late) == ([UnavailableError], [])
    assert [len(one.entries) for one in pending.begin(9)] == [1]
    clock.advance(10.0)
    assert late == [StalledError]


def test_nobody_knows_of_one_that_is_under_way(clock):
    pending = Pending(clock, patience=30.0)
    waiting = told(pending.add(entries(1)))
    (begun,) = pending.begin(9)
    clock.advance(30.0)
    assert waiting == [StalledError]
    assert begun.is_told
    begun.published([Receipt(1)])
    pending.finish([begun])
    assert waiting == [StalledError]
    assert clock.calls == []


def test_nothing_is_watched_once_everything_is_told(clock):
    pending = Pending(clock, patience=30.0)
    pending.add(entries(1))
    (begun,) = pending.begin(9)
    begun.published([Receipt(1)])
    pending.finish([begun])
    clock.advance(30.0)
    assert clock.calls == []


def test_refused(clock):
    pending = Pending(clock)
    under_way = told(pending.add(entries(1)))
    (begun,) = pending.begin(1)
    waiting = told(pending.add(entries(2)))
    pending.refuse(UnavailableError("the disk is full"))
    assert (under_way, waiting, len(pending)) == ([], [UnavailableError], 0)
    begun.failed(UnavailableError("it too"))
    assert under_way == [UnavailableError]


def test_closed(clock):
    pending = Pending(clock)
    waiting = told(pending.add(entries(1)))
    pending.close()
    assert waiting == [UnavailableError]
    assert clock.calls == []


def test_a_publisher_that_does_not_want_to_wait(clock):
    pending = Pending(clock)
    waiting = pending.add(entries(1))
    waiting.addErrback(lambda _: None)
    waiting.cancel()
    (begun,) = pending.begin(1)
    begun.published([Receipt(1)])
