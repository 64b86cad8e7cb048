"""asyncio's view of the epoll that the reactor owns."""

from __future__ import annotations

import os
import select
import selectors
import socket
from collections.abc import Iterator
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

import pytest

from protocols.reactor.selector import Events, SharedSelector


class Shared:
    """A selector on an epoll whose turns note how long they may take, and report no foreign events."""

    def __init__(self, poller: select.epoll) -> None:
        self.poller = poller
        self.timeouts: list[float | None] = []
        self.selector = SharedSelector(poller, self.turn)

    def turn(self, timeout: float | None) -> Events:
        self.timeouts.append(timeout)
        return self.poller.poll(0)


@pytest.fixture
def poller() -> Iterator[select.epoll]:
    with select.epoll() as poller:
        yield poller


@pytest.fixture
def shared(poller: select.epoll) -> Shared:
    return Shared(poller)


@pytest.fixture
def selector(shared: Shared) -> SharedSelector:
    return shared.selector


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def reported(selector: SharedSelector) -> dict[Any, int]:
    return {key.fileobj: events for key, events in selector.select(0)}


def test_it_is_a_selector(selector, pair):
    assert isinstance(selector, selectors.BaseSelector)
    key = selector.register(pair[0], EVENT_READ, "data")
    assert key == selectors.SelectorKey(pair[0], pair[0].fileno(), EVENT_READ, "data")


def test_reports_what_a_file_was_registered_for(selector, pair):
    left, right = pair
    selector.register(left, EVENT_READ)
    selector.register(right, EVENT_READ | EVENT_WRITE)
    assert reported(selector) == {right: EVENT_WRITE}
    right.send(b"x")
    assert reported(selector) == {left: EVENT_READ, right: EVENT_WRITE}


def test_twice_is_an_error(selector, pair):
    selector.register(pair[0], EVENT_READ)
    for again in (pair[0], pair[0].fileno()):
        with pytest.raises(KeyError):
            selector.register(again, EVENT_WRITE)
    assert selector.get_key(pair[0]).events == EVENT_READ


@pytest.mark.parametrize("events", [0, 4, EVENT_READ | 8])
def test_only_reading_and_writing_can_be_watched_for(selector, pair, events):
    with pytest.raises(ValueError, match="watched"):
        selector.register(pair[0], events)
    selector.register(pair[0], EVENT_READ)
    with pytest.raises(ValueError, match="watched"):
        selector.modify(pair[0], events)
    assert selector.get_key(pair[0]).events == EVENT_READ


def test_a_closed_file_cannot_be_registered(selector, pair):
    pair[0].close()
    with pytest.raises(ValueError, match="closed"):
        selector.register(pair[0], EVENT_READ)
    assert len(selector.get_map()) == 0


def test_what_epoll_refuses_is_not_registered(selector, tmp_path):
    with (tmp_path / "file").open("w") as file:
        with pytest.raises(PermissionError):
            selector.register(file, EVENT_WRITE)
        assert file not in selector.get_map()


def test_modify_changes_events_and_data(selector, pair):
    left, right = pair
    right.send(b"x")
    selector.register(left, EVENT_WRITE, "old")
    assert selector.modify(left, EVENT_READ, "new").data == "new"
    assert reported(selector) == {left: EVENT_READ}
    assert selector.modify(left, EVENT_READ, "newer").data == "newer"
    assert selector.get_key(left).data == "newer"
    with pytest.raises(KeyError):
        selector.modify(right, EVENT_READ)


def test_unregister(selector, poller, pair):
    left, right = pair
    key = selector.register(left, EVENT_READ)
    assert selector.unregister(left) == key
    with pytest.raises(KeyError):
        selector.unregister(left)
    right.send(b"x")
    assert poller.poll(0) == []
    # It is free for whoever comes next.
    selector.register(left, EVENT_READ)


def test_a_file_that_was_closed_can_be_unregistered(selector, pair):
    key = selector.register(pair[0], EVENT_READ)
    pair[0].close()
    assert selector.get_key(pair[0]) == key
    assert selector.unregister(pair[0]) == key
    with pytest.raises(KeyError):
        selector.get_key(pair[0])


def test_keys_are_found_by_file_and_by_number(selector, pair):
    left, right = pair
    key = selector.register(left, EVENT_READ)
    files = selector.get_map()
    assert selector.get_key(left) == selector.get_key(left.fileno()) == key
    assert files[left] == files[left.fileno()] == key
    assert left in files
    assert right not in files
    assert files.get(right.fileno()) is None
    assert (list(files), len(files)) == ([left.fileno()], 1)
    with pytest.raises(KeyError, match="not registered"):
        selector.get_key(right)


class FakePoller:
    """An epoll in name only."""

    def register(self, number: int, mask: int) -> None:
        """Every file is good."""


BOTH = EVENT_READ | EVENT_WRITE


@pytest.mark.parametrize(
    ("asked", "event", "told"),
    [
        (EVENT_READ, select.EPOLLIN, EVENT_READ),
        (EVENT_WRITE, select.EPOLLOUT, EVENT_WRITE),
        (BOTH, select.EPOLLIN, EVENT_READ),
        (BOTH, select.EPOLLOUT, EVENT_WRITE),
        (BOTH, select.EPOLLIN | select.EPOLLOUT, BOTH),
        (EVENT_READ, select.EPOLLHUP, EVENT_READ),
        (EVENT_WRITE, select.EPOLLHUP, EVENT_WRITE),
        (BOTH, select.EPOLLHUP, BOTH),
        (EVENT_READ, select.EPOLLERR, EVENT_READ),
        (EVENT_WRITE, select.EPOLLERR, EVENT_WRITE),
        (EVENT_READ, select.EPOLLOUT | select.EPOLLERR, EVENT_READ),
        (EVENT_READ, select.EPOLLOUT, None),
        (EVENT_WRITE, select.EPOLLIN, None),
    ],
)
def test_errors_and_hang_ups_wake_whoever_waits(asked, event, told):
    selector = SharedSelector(FakePoller(), lambda timeout: [(3, event)])
    key = selector.register(3, asked)
    assert selector.select() == ([] if told is None else [(key, told)])


def test_a_peer_that_hangs_up_wakes_the_reader_and_the_writer(selector, pair):
    left, right = pair
    selector.register(left, EVENT_READ)
    right.close()
    assert reported(selector) == {left: EVENT_READ}
    reader, writer = os.pipe()
    selector.register(writer, EVENT_WRITE)
    os.close(reader)
    assert reported(selector)[writer] == EVENT_WRITE
    selector.unregister(writer)
    os.close(writer)


def test_events_of_others_are_left_alone(selector, poller, pair):
    left, right = pair
    poller.register(left.fileno(), select.EPOLLIN)
    right.send(b"x")
    assert reported(selector) == {}
    assert poller.poll(0) == [(left.fileno(), select.EPOLLIN)]


def test_the_turn_is_told_how_long_it_may_wait(shared):
    for timeout in (None, 0, 1.5):
        shared.selector.select(timeout)
    assert shared.timeouts == [None, 0, 1.5]


def test_closing_leaves_the_epoll_to_its_owner(selector, poller, pair):
    left, right = pair
    poller.register(left.fileno(), select.EPOLLOUT)
    selector.register(right, EVENT_WRITE)
    selector.close()
    assert list(selector.get_map()) == []
    assert poller.poll(0) == [(left.fileno(), select.EPOLLOUT)]
