"""The calls that one end makes, without the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.daemon.control.asking import Asking
from protocols.daemon.control.operations import OperationError
from protocols.daemon.control.wire import Answer, Call, End, Item, Problem, Stop


class Ends:
    """An asking end, what it has said, and what it has learnt."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.learnt: list[Any] = []
        self.asking = Asking(lambda message, descriptors: self.said.append(message))

    def call(self) -> Any:
        answer = self.asking.call("ask", {"way": 1})
        answer.addCallbacks(self.learnt.append, lambda failure: self.learnt.append(failure.value))
        return answer

    def follow(self) -> Any:
        return self.asking.follow(
            "watch", {}, self.learnt.append, lambda error: self.learnt.append(("ended", error))
        )


@pytest.fixture
def ends() -> Ends:
    return Ends()


def test_answers_find_their_calls(ends):
    ends.call()
    ends.call()
    assert ends.said == [Call(1, "ask", {"way": 1}), Call(2, "ask", {"way": 1})]
    ends.asking.heard(Answer(2, "b"))
    ends.asking.heard(Answer(1, "a"))
    ends.asking.heard(Answer(1, "again"))
    ends.asking.heard(Answer(99, "who?"))
    assert ends.learnt == ["b", "a"]


def test_a_problem(ends):
    ends.call()
    ends.asking.heard(Problem(1, "no"))
    (error,) = ends.learnt
    assert (type(error), str(error)) == (OperationError, "no")


def test_who_waits_no_longer_hears_nothing(ends):
    ends.call().cancel()
    ends.asking.heard(Answer(1, "late"))
    assert len(ends.learnt) == 1
    assert ends.said == [Call(1, "ask", {"way": 1})], "the other end has not heard of it"


def test_items_until_the_end(ends):
    ends.follow()
    for reply in (Item(1, "a"), Item(1, "b"), End(1), Item(1, "c")):
        ends.asking.heard(reply)
    assert ends.learnt == ["a", "b", ("ended", None)]


def test_items_until_a_problem(ends):
    ends.follow()
    ends.asking.heard(Problem(1, "worn out"))
    ((word, error),) = ends.learnt
    assert (word, type(error), str(error)) == ("ended", OperationError, "worn out")


def test_items_until_the_caller_says_so(ends):
    stop = ends.follow()
    ends.asking.heard(Item(1, "a"))
    stop()
    stop()
    ends.asking.heard(Item(1, "b"))
    ends.asking.heard(End(1))
    assert ends.learnt == ["a"]
    assert ends.said == [Call(1, "watch"), Stop(1)]


def test_one_answer_to_who_expects_many_is_all(ends):
    ends.follow()
    ends.asking.heard(Answer(1, "only"))
    assert ends.learnt == ["only", ("ended", None)]


def test_many_answers_to_who_expects_one_are_stopped(ends):
    ends.call()
    ends.asking.heard(Item(1, "a"))
    ends.asking.heard(Item(1, "b"))
    (error,) = ends.learnt
    assert isinstance(error, OperationError)
    assert ends.said[-1] == Stop(1)


def test_nobody_answers_any_more(ends):
    ends.call()
    ends.follow()
    gone = ConnectionError("gone")
    ends.asking.lost(gone)
    ends.asking.lost(gone)
    assert ends.learnt == [gone, ("ended", gone)]


@given(
    st.lists(st.booleans(), max_size=6),
    st.lists(
        st.one_of(
            st.builds(Answer, st.integers(1, 7), st.just("value")),
            st.builds(Problem, st.integers(1, 7), st.just("problem")),
            st.builds(Item, st.integers(1, 7), st.just("item")),
            st.builds(End, st.integers(1, 7)),
        ),
        max_size=30,
    ),
)
def test_whatever_comes_everybody_is_told_once_that_it_is_over(kinds, replies):
    over: list[int] = []
    asking = Asking(lambda message, descriptors: None)
    for number, is_call in enumerate(kinds, start=1):
        if is_call:
            asking.call("ask", {}).addBoth(lambda _, number=number: over.append(number))
        else:
            asking.follow("watch", {}, lambda item: None, lambda error, number=number: over.append(number))
    for reply in replies:
        asking.heard(reply)
    asking.lost(ConnectionError())
    assert sorted(over) == list(range(1, len(kinds) + 1))
