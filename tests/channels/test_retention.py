"""What is too old or too much is forgotten."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail

from protocols.channels.errors import UnavailableError
from protocols.channels.retention import EVERY


def bodies(stage):
    return [message.body for message in stage.store.read(0).result]


def test_what_is_too_old(stage):
    here = stage(keep=60.0)
    here.publish(b"old")
    here.turn(55.0)
    here.publish(b"new")
    here.turn(EVERY)
    assert bodies(here) == [b"new"]
    assert here.channel.counts.trimmed == 1


def test_what_is_too_much(stage):
    here = stage(octets=2500)
    here.publish(*(b"x" * 1000 for _ in range(5)))
    here.turn(EVERY)
    assert len(bodies(here)) == 2
    assert here.channel.counts.trimmed == 3


def test_is_not_given_to_those_who_come_then(stage):
    here = stage(keep=5.0)
    here.publish(b"old")
    here.turn(EVERY)
    here.publish(b"new")
    listener = here.listen(0)
    here.turn()
    assert listener.heard == ["missed 1", 2]


def test_without_limits_nothing_is_done(stage):
    assert stage().clock.calls == []


def test_a_store_that_is_away_is_asked_again(stage):
    here = stage(keep=5.0)
    here.publish(b"old")
    retain, here.store.retain = here.store.retain, lambda *_: fail(UnavailableError("it is away"))
    here.turn(EVERY)
    here.store.retain = retain
    here.turn(EVERY)
    assert bodies(here) == []


def test_one_time_at_a_time(stage):
    here = stage(keep=5.0)
    asked = []
    here.store.retain = lambda *_: asked.append(Deferred()) or asked[-1]
    here.turn(EVERY)
    here.turn(EVERY)
    assert len(asked) == 1
    asked[0].callback(0)
    here.turn(EVERY)
    assert len(asked) == 2


def test_stops_with_the_channel(stage):
    here = stage(keep=5.0)
    here.channel.close()
    assert here.clock.calls == []


def test_stops_while_it_is_at_it(stage):
    here = stage(keep=5.0)
    waiting = Deferred()
    here.store.retain = lambda *_: waiting
    here.turn(EVERY)
    here.channel.close()
    waiting.callback(0)
    assert here.clock.calls == []
