"""Messages shared by the members of a group."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from protocols.channels.channel import Channel
from protocols.channels.errors import TooLargeError, UnavailableError
from protocols.channels.groups import Group, GroupTerms
from protocols.channels.groups.group import LOOKS
from protocols.channels.groups.ledger import FIRST
from protocols.channels.memory import MemoryLog, MemoryStore
from protocols.channels.message import Entry

EPOCH = 1_700_000_000.0


class Flaky(MemoryStore):
    """A store that is away while it is told to."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.is_away = False
        self.claims = 0
        self.settles = []
        self.held_up: Deferred | None = None

    def claim(self, group, most, deadline):
        self.claims += 1
        if self.is_away:
            return fail(UnavailableError("it is away"))
        claims = super().claim(group, most, deadline)
        if self.held_up is not None:
            return self.held_up.addCallback(lambda _: claims)
        return claims

    def settle(self, group, seqs):
        if self.is_away:
            return fail(UnavailableError("it is away"))
        self.settles.append(list(seqs))
        return super().settle(group, seqs)

    def give_back(self, group, seq, error, delay):
        if self.is_away:
            return fail(UnavailableError("it is away"))
        return super().give_back(group, seq, error, delay)

    def due(self, group):
        return fail(UnavailableError("it is away")) if self.is_away else super().due(group)


class Worker:
    """A member that keeps what it gets."""

    def __init__(self):
        self.claims = []
        self.reason = None
        self.membership = None

    @property
    def seqs(self):
        return [claim.message.seq for claim in self.claims]

    def claimed(self, claims):
        self.claims += claims

    def cut_off(self, reason):
        self.reason = reason


class Eager(Worker):
    """One that settles at once."""

    def claimed(self, claims):
        super().claimed(claims)
        self.membership.settle([claim.message.seq for claim in claims])


class Bench:
    def __init__(self, dead=True, **terms):
        self.clock = Clock()
        self.clock.advance(EPOCH)
        self.log = MemoryLog()
        self.channel, self.store = self.made("readings", self.log)
        self.dead, self.dead_store = self.made("readings-dead", MemoryLog())
        self.dead_letters = self.dead.tail
        self.group = Group(self.channel, "billing", GroupTerms(**terms), self.dead if dead else None)
        self.channel.groups["billing"] = self.group

    def made(self, name, log):
        store = Flaky(log, now=self.clock.seconds)
        channel = Channel(name, store, clock=self.clock, now=self.clock.seconds)
        channel.open()
        return channel, store

    def publish(self, count=1):
        self.channel.publish([Entry(b"%d" % number) for number in range(count)])

    def join(self, inflight=0, kind=Worker):
        worker = kind()
        worker.membership = self.group.join(worker, inflight)
        return worker

    def turn(self, seconds=0.0):
        """Let time pass, and whatever follows at once happen."""
        self.clock.advance(seconds)
        for _ in range(5):
            self.clock.advance(0)

    def dead_ones(self):
        return self.dead.tail.after(0, 100)


class TestHandingOut:
    def test_members_share_what_was_there_before_and_what_comes(self):
        bench = Bench()
        bench.publish(4)
        one, two = bench.join(), bench.join()
        bench.turn()
        assert (one.seqs, two.seqs) == ([1, 3], [2, 4])
        bench.publish(2)
        bench.turn()
        assert sorted(one.seqs + two.seqs) == [1, 2, 3, 4, 5, 6]
        assert (len(one.seqs), len(two.seqs)) == (3, 3)

    def test_nobody_has_more_than_its_inflight(self):
        bench = Bench(inflight=3)
        bench.publish(10)
        few, said = bench.join(), bench.join(inflight=5)
        bench.turn()
        assert (len(few.seqs), len(said.seqs)) == (3, 5)
        few.membership.settle(few.seqs[:2])
        bench.turn()
        assert few.seqs[3:] == [9, 10]
        assert (few.membership.held, few.membership.room) == (3, 0)
        assert bench.group.held == 8

    def test_the_next_message_goes_to_the_next_member(self):
        bench = Bench()
        members = [bench.join() for _ in range(3)]
        for _ in range(6):
            bench.publish()
            bench.turn()
        assert [member.seqs for member in members] == [[1, 4], [2, 5], [3, 6]]

    def test_groups_do_not_share(self):
        bench = Bench()
        other = Worker()
        Group(bench.channel, "other", GroupTerms()).join(other)
        worker = bench.join()
        bench.publish(2)
        bench.turn()
        assert worker.seqs == other.seqs == [1, 2]

    def test_one_that_settles_at_once_gets_everything(self):
        bench = Bench(inflight=1)
        eager = bench.join(kind=Eager)
        bench.publish(100)
        for _ in range(100):
            bench.turn()
        assert eager.seqs == list(range(1, 101))
        assert bench.channel.counts.acked == 100
        assert bench.group.held == 0

    def test_nothing_is_asked_for_while_there_is_nothing(self):
        bench = Bench()
        bench.join()
        bench.turn()
        assert bench.store.claims == 1
        bench.turn(LOOKS - 0.1)
        assert bench.store.claims == 1
        bench.publish(3)
        bench.turn()
        assert bench.store.claims == 2

    def test_nothing_is_asked_for_while_nobody_has_room(self):
        bench = Bench(inflight=1)
        worker = bench.join()
        bench.publish()
        bench.turn()
        bench.publish(5)
        bench.turn()
        assert bench.store.claims == 1
        worker.membership.settle([1])
        bench.turn()
        assert (bench.store.claims, worker.seqs) == (2, [1, 2])

    def test_nothing_is_asked_for_while_nobody_takes_part(self):
        bench = Bench()
        bench.join().membership.leave()
        bench.publish(3)
        bench.turn(LOOKS * 3)
        assert (bench.store.claims, bench.group.members, bench.clock.calls) == (0, 0, [])

    def test_one_claim_is_under_way_at_a_time(self):
        bench = Bench(inflight=2)
        bench.store.held_up = waiting = Deferred()
        worker = bench.join()
        bench.publish(1)
        bench.turn()
        bench.publish(1)
        bench.join()
        bench.turn()
        assert bench.store.claims == 1
        bench.store.held_up = None
        waiting.callback(None)
        bench.turn()
        assert bench.group.held == 2
        assert worker.seqs == [1]

    def test_news_during_a_claim_that_was_short_are_asked_for_after_it(self):
        bench = Bench()
        bench.store.held_up = waiting = Deferred()
        worker = bench.join()
        bench.turn()
        bench.publish()
        bench.store.held_up = None
        waiting.callback(None)
        bench.turn()
        assert worker.seqs == [1]

    def test_a_member_that_fails_is_cut_off_and_the_others_get_its_messages(self, failures):
        class Failing(Worker):
            def claimed(self, claims):
                raise ZeroDivisionError("that is what it does")

        bench = Bench()
        failing = bench.join(kind=Failing)
        worker = bench.join()
        bench.publish(2)
        bench.turn()
        failures.take(ZeroDivisionError)
        assert failing.reason == "it failed"
        assert sorted(worker.seqs) == [1, 2]
        assert bench.group.members == 1

    def test_a_member_that_does_not_bear_to_be_cut_off_keeps_the_others_from_nothing(self, failures):
        class Failing(Worker):
            def claimed(self, claims):
                raise ZeroDivisionError("that is what it does")

            def cut_off(self, reason):
                raise KeyError(reason)

        bench = Bench()
        bench.join(kind=Failing)
        worker = bench.join()
        bench.publish(2)
        bench.turn()
        assert sorted(worker.seqs) == [1, 2]
        bench.join(kind=Failing)
        last = bench.join()
        bench.group.close()
        assert (worker.reason, last.reason) == ("the channel is closed", "the channel is closed")
        failures.take(ZeroDivisionError, KeyError, KeyError)

    def test_a_member_may_make_another_leave(self):
        class Jealous(Worker):
            def claimed(self, claims):
                super().claimed(claims)
                self.other.membership.leave()

        bench = Bench()
        jealous = bench.join(kind=Jealous)
        jealous.other = bench.join()
        bench.publish(2)
        bench.turn()
        assert (sorted(jealous.seqs), jealous.other.seqs) == ([1, 2], [])

    def test_what_comes_for_members_that_have_left_goes_back(self):
        bench = Bench()
        bench.store.held_up = waiting = Deferred()
        worker = bench.join()
        bench.publish(2)
        bench.turn()
        worker.membership.leave()
        waiting.callback(None)
        bench.store.held_up = None
        bench.turn()
        assert bench.join().membership.room == 16
        late = bench.join()
        bench.turn()
        assert worker.seqs == []
        assert bench.group.held == 2
        assert late.claims[0].tries == 2


class TestDealtWith:
    def test_what_is_settled_in_one_turn_is_written_together(self):
        bench = Bench()
        one, two = bench.join(), bench.join()
        bench.publish(6)
        bench.turn()
        one.membership.settle([1])
        one.membership.settle([3, 5])
        two.membership.settle([2])
        assert bench.store.settles == []
        bench.turn()
        assert bench.store.settles == [[1, 3, 5, 2]]
        assert bench.channel.counts.acked == 4

    def test_what_is_given_back_goes_to_somebody_with_the_reason(self):
        bench = Bench()
        worker = bench.join()
        bench.publish()
        bench.turn()
        worker.membership.give_back(1, "no paper" + "!" * 2000)
        bench.turn()
        again = worker.claims[1]
        assert (again.tries, again.error[:10], len(again.error)) == (2, "no paper!!", 1024)
        assert bench.channel.counts.redelivered == 1

    def test_given_back_for_later(self):
        bench = Bench()
        worker = bench.join()
        bench.publish()
        bench.turn()
        worker.membership.give_back(1, "", 3.0)
        bench.turn(2.9)
        assert worker.seqs == [1]
        bench.turn(0.1)
        assert worker.seqs == [1, 1]

    def test_what_is_not_its_own_cannot_be_given_back(self):
        bench = Bench(inflight=1)
        one, two = bench.join(), bench.join()
        bench.publish(2)
        bench.turn()
        two.membership.give_back(1, "I do not like it")
        bench.turn()
        assert (one.seqs, two.seqs, bench.group.held) == ([1], [2], 2)

    def test_leaving_gives_everything_back_at_once(self):
        bench = Bench()
        one, two = bench.join(), bench.join()
        bench.publish(4)
        bench.turn()
        one.membership.leave()
        one.membership.leave()
        bench.turn()
        assert sorted(two.seqs) == [1, 2, 3, 4]
        assert two.claims[-1].error == "its member left"

    def test_one_that_has_left_may_still_say_what_it_has_dealt_with(self):
        bench = Bench()
        one = bench.join()
        bench.publish(2)
        bench.turn()
        one.membership.leave()
        one.membership.settle([1])
        two = bench.join()
        bench.turn()
        assert two.seqs == [2]

    def test_what_another_has_and_what_nobody_was_handed_is_not_settled(self):
        bench = Bench(inflight=1)
        one, two = bench.join(), bench.join()
        bench.publish(1)
        bench.turn()
        assert (one.seqs, two.seqs) == ([1], [])
        assert two.membership.settle([1, 2, 3]) == [1, 2, 3]
        assert two.membership.give_back(1, "no") is False
        bench.turn()
        assert bench.store.settles == []
        assert bench.group.is_idle
        one.membership.leave()
        bench.turn()
        assert two.seqs == [1]
        assert two.membership.settle([1]) == []
        assert two.membership.settle([1]) == [1], "once"
        bench.turn()
        assert bench.store.settles == [[1]]


class TestDeadlines:
    def test_passed_it_goes_to_the_next(self):
        bench = Bench(deadline=30.0)
        lazy, worker = bench.join(), bench.join()
        bench.publish()
        bench.turn()
        assert lazy.seqs == [1]
        bench.turn(29.9)
        assert worker.seqs == []
        bench.turn(0.2)
        assert worker.seqs == [1]
        assert bench.channel.counts.redelivered == 1
        assert (lazy.membership.has(1), worker.membership.has(1)) == (False, True)

    def test_one_that_does_nothing_gets_it_again_if_there_is_nobody_else(self):
        bench = Bench(deadline=7.0, inflight=1)
        lazy = bench.join()
        bench.publish(2)
        bench.turn()
        for _ in range(8):
            bench.turn(1.0)
        assert lazy.seqs == [1, 1]

    def test_settling_late_counts(self):
        bench = Bench(deadline=1.0, inflight=1)
        lazy, worker = bench.join(), bench.join()
        bench.publish()
        bench.turn()
        bench.turn(1.0)
        bench.turn(0.1)
        assert worker.seqs == [1]
        lazy.membership.settle([1])
        bench.turn(1.1)
        bench.turn(1.0)
        assert (lazy.seqs, worker.seqs) == ([1], [1])

    def test_those_of_another_life_are_handed_out_when_they_are_due(self):
        bench = Bench(deadline=3.0)
        bench.publish(2)
        bench.store.claim("billing", 1, 2.0)
        worker = bench.join()
        bench.turn()
        assert worker.seqs == [2]
        bench.turn(2.0)
        assert worker.seqs == [2, 1]

    def test_what_another_process_gives_back_is_found(self):
        bench = Bench()
        bench.publish(1)
        bench.store.claim("billing", 1, 30.0)
        worker = bench.join()
        bench.turn()
        bench.store.give_back("billing", 1, "", 0.0)
        bench.turn(LOOKS)
        assert worker.seqs == [1]


@pytest.fixture
def warnings_told():
    lines = []

    def observe(event):
        if event["log_level"] is LogLevel.warn:
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


class TestDeadLetters:
    def failing(self, bench, tries):
        worker = bench.join()
        for number in range(tries):
            bench.turn()
            worker.membership.give_back(1, f"failure {number + 1}")
        bench.turn()
        return worker

    def test_after_so_many_tries(self):
        bench = Bench(tries=3)
        entry = Entry(b"{}", "k", "name", "sender", "application/json", (("a", "b"), ("seq", "9")))
        bench.channel.publish([entry])
        worker = self.failing(bench, 3)
        assert worker.seqs == [1, 1, 1]
        (letter,) = bench.dead_ones()
        time = round(EPOCH * 1000)
        assert letter[2:4] == (b"{}", "k")
        assert letter.id == f"readings/billing/1/{time}"
        assert letter[5:7] == ("sender", "application/json")
        assert letter.headers == (
            ("a", "b"),
            ("channel", "readings"),
            ("seq", "1"),
            ("group", "billing"),
            ("tries", "3"),
            ("error", "failure 3"),
            ("time", str(time)),
        )
        assert (bench.channel.counts.dead, bench.channel.counts.acked) == (1, 0)
        bench.turn(60.0)
        assert worker.membership.held == 0
        assert len(bench.dead_ones()) == 1

    def test_each_is_a_warning(self, warnings_told):
        bench = Bench(tries=2)
        bench.publish(2)
        self.failing(bench, 2)
        assert warnings_told == ["readings: the group billing has given up message 1 (tries: 2): failure 2"]

    def test_none_is_logged_that_was_not_published(self, warnings_told):
        bench = Bench(tries=1)
        bench.publish()
        bench.dead_store.append = self.away
        self.failing(bench, 1)
        assert warnings_told == []

    def test_the_others_go_on(self):
        bench = Bench(tries=1)
        bench.publish(3)
        worker = self.failing(bench, 1)
        assert worker.seqs == [1, 2, 3]
        assert [letter.body for letter in bench.dead_ones()] == [b"0"]

    def test_of_which_nobody_has_ever_said_anything(self):
        bench = Bench(tries=1, deadline=1.0)
        bench.publish()
        bench.join()
        bench.turn()
        bench.turn(1.0)
        (letter,) = bench.dead_ones()
        assert dict(letter.headers)["error"] == "nobody has dealt with it in time"

    def test_never_where_there_is_no_limit(self):
        bench = Bench(tries=0)
        bench.publish()
        assert len(self.failing(bench, 20).seqs) == 21

    def test_without_a_channel_for_them_they_are_settled_counted_and_logged(self, failures):
        bench = Bench(dead=False, tries=2)
        bench.publish()
        self.failing(bench, 2)
        (event,) = failures.events
        failures.events.clear()
        assert (event["seq"], event["reason"]) == (1, "failure 2")
        assert bench.channel.counts.dead == 1
        bench.turn(60.0)
        assert bench.store.settles == [[1]]

    def test_published_once_although_the_crash_came_before_it_was_settled(self):
        bench = Bench(tries=2)
        bench.publish()
        settle, bench.store.settle = bench.store.settle, lambda group, seqs: Deferred()
        self.failing(bench, 2).membership.leave()
        assert len(bench.dead_ones()) == 1
        bench.store.settle = settle
        bench.clock.advance(60.0)
        again = Group(bench.channel, "billing", GroupTerms(tries=2), bench.dead)
        again.join(Worker())
        bench.turn()
        assert len(bench.dead_ones()) == 1
        assert bench.store.settles == [[1]]

    def test_kept_while_the_channel_for_them_is_away(self):
        bench = Bench(tries=1)
        bench.publish()
        append, bench.dead_store.append = bench.dead_store.append, self.away
        worker = self.failing(bench, 1)
        bench.turn(60.0)
        bench.turn(60.0)
        assert bench.store.settles == []
        bench.dead_store.append = append
        bench.turn(60.0)
        (letter,) = bench.dead_ones()
        assert (dict(letter.headers)["error"], dict(letter.headers)["tries"]) == ("failure 1", "1")
        assert worker.seqs == [1]
        assert bench.channel.counts.dead == 1

    def test_kept_while_the_channel_for_them_takes_its_time(self):
        bench = Bench(tries=1, deadline=1.0)
        bench.publish()
        waiting = []
        append = bench.dead_store.append
        bench.dead_store.append = lambda entries: waiting.append((entries, Deferred())) or waiting[-1][1]
        worker = self.failing(bench, 1)
        bench.turn(10.0)
        assert len(waiting) == 1, "it is published once, however long that takes"
        ((entries, told),) = waiting
        told.callback(append(entries))
        bench.turn()
        assert bench.store.settles == [[1]]
        assert worker.seqs == [1]

    def test_kept_while_the_channel_for_them_refuses_it(self, failures):
        bench = Bench(tries=1)
        bench.channel.publish([Entry(b"x" * 100)])
        bench.dead._intake._most = 10
        self.failing(bench, 1)
        bench.turn(60.0)
        assert bench.store.settles == []
        failures.take(TooLargeError)  # once, however often it is tried
        bench.dead._intake._most = 1000
        bench.turn(60.0)
        assert bench.store.settles == [[1]]

    def away(self, entries):
        raise UnavailableError("it is away")


class TestAStoreThatIsAway:
    def test_is_asked_again_later_and_less_and_less(self):
        bench = Bench()
        bench.store.is_away = True
        worker = bench.join()
        bench.publish()
        bench.turn()
        assert bench.store.claims == 1
        for _ in range(100):
            bench.turn(0.5)
        assert 5 <= bench.store.claims <= 9
        bench.store.is_away = False
        bench.turn(30.0)
        assert worker.seqs == [1]

    def test_members_keep_what_they_have_and_what_they_say_is_written_later(self):
        bench = Bench()
        worker = bench.join()
        bench.publish(3)
        bench.turn()
        bench.store.is_away = True
        worker.membership.settle([1])
        worker.membership.give_back(2, "later", 0.0)
        bench.turn(1.0)
        assert worker.reason is None
        assert worker.membership.held == 1
        bench.store.is_away = False
        bench.turn(1.0)
        bench.turn(1.0)
        assert bench.store.settles == [[1]]
        assert worker.seqs == [1, 2, 3, 2]

    def test_what_is_settled_but_not_written_is_not_handed_out_again(self):
        bench = Bench(deadline=1.0)
        worker = bench.join()
        bench.publish()
        bench.turn()
        settle, bench.store.settle = bench.store.settle, lambda *_: fail(UnavailableError("the disk is full"))
        worker.membership.settle([1])
        for _ in range(5):
            bench.turn(1.0)
        assert worker.seqs == [1]
        bench.store.settle = settle
        bench.turn(30.0)
        assert bench.store.settles == [[1]]
        assert worker.seqs == [1]

    def test_given_back_while_it_is_away_and_settled_then(self):
        bench = Bench()
        worker = bench.join()
        bench.publish()
        bench.turn()
        bench.store.is_away = True
        worker.membership.give_back(1, "no", 0.0)
        worker.membership.settle([1])
        bench.turn()
        bench.store.is_away = False
        bench.turn(FIRST)
        bench.turn(40.0)
        assert worker.seqs == [1]

    def test_that_breaks_is_logged_and_asked_again(self, failures):
        bench = Bench()
        claim, bench.store.claim = bench.store.claim, lambda *_: fail(ZeroDivisionError())
        worker = bench.join()
        bench.publish()
        bench.turn()
        failures.take(ZeroDivisionError)
        bench.store.claim = claim
        bench.turn(FIRST)
        assert worker.seqs == [1]


class TestClosing:
    def test_cuts_everybody_off_and_gives_back(self):
        bench = Bench()
        worker = bench.join()
        bench.publish(2)
        bench.turn()
        worker.membership.settle([1])
        bench.channel.close()
        assert worker.reason == "the channel is closed"
        assert bench.store.settles == [[1]]
        (again,) = bench.store.claim("billing", 9, 30.0).result
        assert (again.message.seq, again.error) == (2, "the channel is closed")
        assert bench.clock.calls == []
        with pytest.raises(UnavailableError):
            bench.join()

    def test_twice_is_once(self):
        bench = Bench()
        worker = bench.join()
        bench.group.close()
        worker.reason = None
        bench.group.close()
        assert worker.reason is None
