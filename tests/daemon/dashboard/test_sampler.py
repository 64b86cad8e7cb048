"""What all pages of a process look at."""

from __future__ import annotations

import gc

from protocols.daemon.control.operations import OperationError
from protocols.daemon.dashboard.sampler import CONNECTIONS_EVERY, Sampler, sampler_of


def test_a_sample(operations, clock, made):
    operations.shut_out = [made.penalty(source="a", score=1, until=2)]
    sampler = Sampler(lambda: operations, clock, now=lambda: 5.0)
    got = []
    sampler.samples.fresh().addCallback(got.append)
    (sample,) = got
    assert (sample.status, sample.time) == (operations.now, 5.0)
    assert [one.source for one in sample.penalties] == ["a"]


def test_what_is_heard_is_remembered(operations, clock, made):
    sampler = Sampler(lambda: operations, clock)
    leave = sampler.samples.follow(lambda: None)
    operations.now = made.status(made.service(counts={"messages": 7}))
    clock.advance(1.0)
    leave()
    assert sampler.history.of("shout").rates.of("traffic") == (7,)


def test_the_reason_is_told_as_it_is(operations, clock):
    operations.now = OperationError("no")
    sampler = Sampler(lambda: operations, clock)
    sampler.samples.follow(lambda: None)()
    assert sampler.samples.trouble == "no"


def test_nobody_to_ask(clock):
    def ask():
        raise OperationError("the daemon does not run")

    sampler = Sampler(ask, clock)
    sampler.samples.follow(lambda: None)()
    assert sampler.samples.trouble == "the daemon does not run"


def test_those_who_look_at_one_service_share_its_connections(operations, clock, made):
    operations.open = [made.connection()]
    sampler = Sampler(lambda: operations, clock)
    one, other = sampler.connections("shout"), sampler.connections("shout")
    leaves = [one.follow(lambda: None), other.follow(lambda: None)]
    clock.advance(CONNECTIONS_EVERY)
    assert operations.asked == [("connections", "shout")] * 2
    assert other.latest == operations.open
    for leave in leaves:
        leave()


def test_pages_share_a_sampler_while_there_are_any(operations, clock):
    class Daemon:
        def ask(self):
            return operations

    daemon = Daemon()
    sampler = sampler_of(daemon.ask, clock)
    assert sampler_of(daemon.ask, clock) is sampler
    assert sampler_of(Daemon().ask, clock) is not sampler
    del sampler
    gc.collect()
    again = sampler_of(daemon.ask, clock)
    assert again.history.of("shout").rates.of("traffic") == ()
