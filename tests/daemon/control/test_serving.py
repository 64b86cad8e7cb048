"""The calls of the other end, without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from protocols.daemon.control import serving as serving_module
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.serving import Descriptors, Outlet, Serving, Stream
from protocols.daemon.control.wire import Answer, Call, End, Item, Problem, Stop, WireError, encode


class Answering:
    """A serving end, and what it has said."""

    def __init__(self, **methods: Any) -> None:
        self.said: list[Any] = []
        self.room = True
        self.serving = Serving(methods, self._send, lambda: self.room)

    def _send(self, message: Any) -> None:
        encode(message)
        self.said.append(message)

    def call(self, number: int, do: str, **arguments: Any) -> None:
        self.serving.called(Call(number, do, arguments), Descriptors([]))

    def take(self) -> list[Any]:
        said, self.said = self.said, []
        return said


def test_methods_answer():
    async def slowly(a: int) -> int:
        return a + 1

    later: Deferred[str] = Deferred()
    end = Answering(plain=lambda: "p", slowly=slowly, later=lambda: later)
    end.call(1, "later")
    end.call(2, "plain")
    end.call(3, "slowly", a=1)
    assert end.take() == [Answer(2, "p"), Answer(3, 2)]
    later.callback("l")
    assert end.take() == [Answer(1, "l")]
    end.call(1, "plain")
    assert end.take() == [Answer(1, "p")], "a number is free once it is answered"


def test_a_number_that_is_in_use_is_refused():
    end = Answering(wait=Deferred)
    end.call(1, "wait")
    with pytest.raises(WireError, match="two calls at a time have the number 1"):
        end.call(1, "wait")


def test_so_many_at_once(monkeypatch):
    monkeypatch.setattr(serving_module, "AT_ONCE", 2)
    waiting: list[Deferred[None]] = []

    def wait() -> Deferred[None]:
        waiting.append(Deferred())
        return waiting[-1]

    end = Answering(wait=wait)
    for number in (1, 2, 3):
        end.call(number, "wait")
    assert end.take() == [Problem(3, "2 calls are under way already")]
    waiting[0].callback(None)
    end.call(4, "wait")
    assert end.take() == [Answer(1, None)]


def test_errors_are_told_and_those_that_are_ours_are_logged(failures):
    def refuse() -> None:
        raise OperationError("no")

    def fail() -> None:
        raise KeyError("k")

    end = Answering(refuse=refuse, fail=fail)
    end.call(1, "refuse")
    end.call(2, "fail")
    assert end.take() == [Problem(1, "no"), Problem(2, "fail failed: KeyError: 'k'")]
    failures.take(KeyError)


def _counting(stops: list[str]) -> tuple[list[Outlet], Callable[[], Stream]]:
    outlets: list[Outlet] = []

    def begin(outlet: Outlet) -> Callable[[], None]:
        outlets.append(outlet)
        return lambda: stops.append("stopped")

    return outlets, lambda: Stream(begin)


def test_a_stream():
    stops: list[str] = []
    outlets, count = _counting(stops)
    end = Answering(count=count)
    end.call(1, "count")
    (outlet,) = outlets
    assert outlet.send(1)
    assert outlet.send(2)
    end.serving.end(1)
    outlet.send(3)
    outlet.end()
    assert end.take() == [Item(1, 1), Item(1, 2), End(1)]
    assert stops == ["stopped"]


def test_what_a_reader_has_no_room_for_is_dropped():
    outlets, count = _counting([])
    end = Answering(count=count)
    end.call(1, "count")
    (outlet,) = outlets
    end.room = False
    assert not outlet.has_room
    assert not outlet.send(1)
    assert not outlet.send(2)
    end.room = True
    assert outlet.send(3)
    assert end.take() == [Item(1, 3)]


def test_an_item_that_cannot_be_said_ends_the_stream():
    stops: list[str] = []
    outlets, count = _counting(stops)
    end = Answering(count=count)
    end.call(1, "count")
    outlets[0].send({1})
    outlets[0].send(2)
    (problem,) = end.take()
    assert problem.text.startswith("an item cannot be sent: JSON cannot say it")
    assert stops == ["stopped"]


def test_a_stream_that_cannot_begin():
    def begin(outlet: Outlet) -> Callable[[], None]:
        raise OperationError("nothing of that name")

    end = Answering(count=lambda: Stream(begin))
    end.call(1, "count")
    assert end.take() == [Problem(1, "nothing of that name")]


def test_a_call_that_is_stopped_is_answered_once():
    later: Deferred[str] = Deferred()
    end = Answering(later=lambda: later)
    end.call(1, "later")
    end.serving.end(Stop(1).id)
    later.callback("late")
    assert end.take() == [End(1)]


def test_once_the_link_is_closed_streams_end_and_answers_are_for_nobody():
    stops: list[str] = []
    later: Deferred[str] = Deferred()
    outlets, count = _counting(stops)
    end = Answering(count=count, later=lambda: later)
    end.call(1, "count")
    end.call(2, "later")
    end.serving.lost()
    end.serving.lost()
    later.callback("late")
    outlets[0].send(1)
    outlets[0].end()
    assert (end.take(), stops) == ([], ["stopped"])
