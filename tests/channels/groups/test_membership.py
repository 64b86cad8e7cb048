"""What one member of a group has, and has had."""

from __future__ import annotations

import pytest

from protocols.channels.groups.membership import LATE, Membership


class Group:
    def __init__(self):
        self.settles = []
        self.returned = []

    def settled(self, membership, seqs, count):
        self.settles.append((list(seqs), count))

    def given_back(self, membership, seq, error, delay):
        self.returned.append(seq)


@pytest.fixture
def group():
    return Group()


@pytest.fixture
def membership(group):
    return Membership(group, None, 2)


def test_its_own_and_those_it_is_late_with(group, membership):
    membership.hold(1, 1.0)
    membership.hold(2, 9.0)
    assert membership.expire(2.0) == 1
    assert membership.settle([1, 2, 3, 2]) == [3, 2]
    assert group.settles == [([1, 2], 1)]


def test_nothing_of_its_own(group, membership):
    assert membership.settle([1, 2]) == [1, 2]
    assert membership.give_back(1, "no") is False
    assert group.settles == group.returned == []


@pytest.mark.parametrize(
    "lose",
    [
        lambda membership: membership.expire(2.0),
        lambda membership: membership.give_up(),
        lambda membership: membership.give_back(1, "no"),
    ],
)
def test_what_it_has_lost_it_may_settle(group, membership, lose):
    membership.hold(1, 1.0)
    assert lose(membership)
    assert membership.give_back(1, "late") is True
    assert membership.settle([1]) == []
    assert group.settles == [([1], 0)]
    assert len(group.returned) <= 1, "it is somebody else's by now"
    assert membership.settle([1]) == [1]


def test_what_it_has_again_it_has_not_lost(group, membership):
    membership.hold(1, 1.0)
    membership.expire(2.0)
    membership.hold(1, 9.0)
    assert membership.settle([1]) == []
    assert group.settles == [([1], 1)]
    assert membership.settle([1]) == [1]


def test_the_last_that_it_lost_are_remembered(membership):
    for seq in range(1, 101):
        membership.hold(seq, float(seq))
        membership.expire(float(seq))
    assert len(membership._late) == 2 * LATE
    assert membership.settle(range(1, 101)) == list(range(1, 101 - 2 * LATE))
