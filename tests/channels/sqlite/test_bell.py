"""How processes hear of one another."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest
from twisted.internet.task import Clock

from protocols.channels.sqlite import bell
from protocols.channels.sqlite.bell import DEAF, EVERY, Bell
from protocols.inotify import Inotify


class Readers(Clock):
    """A reactor of readers and of time."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[object] = []
        self.addReader = self.readers.append
        self.removeReader = self.readers.remove

    def turn(self) -> None:
        for reader in list(self.readers):
            reader.doRead()


class Hearing:
    """A bell that somebody listens at, and how often it rang."""

    def __init__(self, file: Path, reactor: Readers, **settings: object) -> None:
        self.count = 0
        self.bell = Bell(file, self.heard, reactor=reactor, **settings)
        self.bell.hang_up()
        self.bell.listen()
        self.count = 0  # it looks once at the beginning

    def heard(self) -> None:
        self.count += 1

    def end(self) -> None:
        self.bell.stop()
        self.bell.take_down()


@pytest.fixture
def reactor():
    return Readers()


@pytest.fixture
def hang(tmp_path, reactor):
    hung = []

    def hang(**settings):
        hung.append(Hearing(tmp_path / "bell", reactor, **settings))
        return hung[-1]

    yield hang
    for one in hung:
        one.end()
    assert reactor.readers == []
    assert reactor.getDelayedCalls() == []


def no_inotify(*_):
    raise OSError("there is none")


def test_it_is_heard_by_all(hang, reactor):
    one, two = hang(), hang()
    one.bell.ring()
    reactor.turn()
    assert (one.count, two.count) == (1, 1)
    reactor.turn()
    assert (one.count, two.count) == (1, 1)


def test_who_is_alone_rings_for_nobody(hang, reactor):
    one = hang()
    one.bell.ring()
    reactor.turn()
    assert one.count == 0
    two = hang()
    two.end()
    one.bell.ring()
    reactor.turn()
    assert one.count == 0


def test_it_looks_from_time_to_time(hang, reactor):
    one, deaf = hang(), hang(notify=no_inotify)
    reactor.pump([DEAF] * round(EVERY / DEAF + 0.5))
    assert deaf.count == pytest.approx(EVERY / DEAF, abs=1)
    assert one.count in (0, 1)
    reactor.advance(EVERY)
    assert one.count in (1, 2)


def test_one_that_was_removed_is_found_again(hang, reactor, tmp_path):
    one, two = hang(), hang()
    (tmp_path / "bell").unlink()
    one.bell.ring()
    reactor.advance(EVERY)
    reactor.turn()
    one.count = two.count = 0
    one.bell.ring()
    reactor.turn()
    assert (one.count, two.count) == (1, 1)


def test_no_more_watches(hang, reactor, monkeypatch):
    one = hang()

    def watch(self, directories):
        raise OSError("there are no more")

    monkeypatch.setattr(Inotify, "watch", watch)
    reactor.advance(EVERY)
    assert reactor.readers == []
    one.count = 0
    reactor.advance(DEAF)
    assert one.count == 1


def test_where_it_cannot_be_rung_they_look_from_time_to_time(hang, tmp_path):
    one, _ = hang(), hang()
    (tmp_path / "bell").unlink()
    (tmp_path / "bell").mkdir()
    one.bell.ring()


def test_one_writes_at_a_time(hang):
    one, two = hang(), hang()
    begun, goes_on, order = Event(), Event(), []

    def slow():
        begun.set()
        goes_on.wait(60)
        order.append("one")

    def waits():
        two.bell.alone(lambda: order.append("two"))

    threads = [Thread(target=one.bell.alone, args=[slow])]
    threads[0].start()
    assert begun.wait(60)
    threads.append(Thread(target=waits))
    threads[1].start()
    goes_on.set()
    for thread in threads:
        thread.join(60)
    assert order == ["one", "two"]
    assert one.bell.alone(lambda: 7) == 7


def test_one_that_is_stopped_while_it_writes_stops_nobody(hang, monkeypatch):
    monkeypatch.setattr(bell, "BUSY", 0.05)
    slept = []
    monkeypatch.setattr(bell.time, "sleep", slept.append)
    one, two = hang(), hang()

    def stopped():
        assert two.bell.alone(lambda: 7) == 7
        waited = len(slept)
        assert waited > 0
        assert two.bell.alone(lambda: 8) == 8
        assert len(slept) == waited, "that it is stopped is known by now"

    one.bell.alone(stopped)
    assert two.bell.alone(lambda: one.bell.alone(lambda: 9)) == 9


def test_where_locks_cannot_be_asked_for_somebody_listens(hang, reactor, monkeypatch):
    monkeypatch.delattr("fcntl.F_OFD_GETLK")
    monkeypatch.delattr("fcntl.F_OFD_SETLK")
    one = hang()
    one.bell.ring()
    reactor.turn()
    assert one.count == 1
    one.bell.take_down()
    one.bell.ring()
    reactor.turn()
    assert one.count == 1
