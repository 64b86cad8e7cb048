"""A channel: publishing to it, and telling those who read it."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred, fail, maybeDeferred
from twisted.logger import capturedLogs, formatEvent

from protocols.channels.errors import RefusedError, StalledError, TooLargeError, UnavailableError
from protocols.channels.intake import Intake
from protocols.channels.message import Entry, Receipt
from protocols.channels.since import Since
from protocols.channels.tail import Tail
from protocols.codec import DecodeError, codec_for


def caught(publish):
    """What it raises, or fails with."""
    errors = []
    maybeDeferred(publish).addErrback(lambda failure: errors.append(failure.value))
    return errors[0]


class TestPublishing:
    def test_receipts(self, stage):
        here = stage()
        assert here.publish(b"a", b"b") == [Receipt(1), Receipt(2)]
        assert here.publish(b"c", id="x") == [Receipt(3)]
        assert here.publish(b"c", id="x") == [Receipt(3, False)]
        assert (here.channel.last, here.channel.counts.published, here.channel.counts.duplicates) == (3, 3, 1)

    def test_all_or_none(self, stage):
        here = stage(message=3)
        with pytest.raises(TooLargeError):
            here.publish(b"fine", b"f")
        with pytest.raises(RefusedError):
            here.publish(b"f", key="\n")
        assert (here.channel.last, here.channel.counts.refused) == (0, 3)

    def test_a_typed_channel_says_what_is_wrong(self, stage):
        here = stage(intake=Intake(codec=codec_for(int, "json")))
        here.publish(b"5")
        with pytest.raises(DecodeError):
            here.publish(b"five")
        assert here.channel.counts.refused == 1
        assert here.channel.tail.after(0, 9)[0].content_type == "application/json"

    def test_a_store_that_takes_nothing(self, stage):
        here = stage()
        here.store.close()
        with pytest.raises(UnavailableError):
            here.publish(b"a", b"b")
        assert here.channel.counts.unavailable == 2

    def test_a_store_that_takes_its_time(self, stage):
        here = stage()
        told = Deferred()
        here.store.append = lambda entries: told
        receipts = []
        here.publish(b"a").addCallback(receipts.append)
        assert (receipts, here.channel.counts.published) == ([], 0)
        told.callback([Receipt(1)])
        assert (receipts, here.channel.counts.published) == ([[Receipt(1)]], 1)

    def test_a_store_that_gives_up(self, stage):
        here = stage()
        here.store.append = lambda entries: fail(StalledError("it does not answer"))
        errors = []
        here.publish(b"a").addErrback(errors.append)
        assert errors[0].type is StalledError
        assert here.channel.counts.unavailable == 1
        assert here.channel.trouble == "it does not answer"

    def test_for_whoever_waits_anyway(self, stage):
        here = stage(message=3)
        outcomes = []
        here.channel.publish_later([Entry(b"a")]).addBoth(outcomes.append)
        here.channel.publish_later([Entry(b"long")]).addErrback(lambda f: outcomes.append(f.type))
        told = Deferred()
        here.store.append = lambda entries: told
        here.channel.publish_later([Entry(b"b")]).addBoth(outcomes.append)
        assert outcomes == [[Receipt(1)], TooLargeError]
        told.callback([Receipt(2)])
        assert outcomes[2:] == [[Receipt(2)]]

    @pytest.mark.parametrize("is_later", [True, False])
    def test_a_store_with_a_limit_of_its_own_is_in_no_trouble(self, stage, is_later):
        here = stage()

        def append(entries):
            error = TooLargeError("it takes no more than 5 bytes")
            if is_later:
                return fail(error)
            raise error

        here.store.append = append
        error = caught(lambda: here.publish(b"abcdef"))
        counts = here.channel.counts
        assert (type(error), here.channel.trouble) == (TooLargeError, "")
        assert (counts.refused, counts.unavailable) == (1, 0)

    def test_a_publisher_that_leaves_says_nothing_of_the_store(self, stage):
        here = stage()
        here.store.append = lambda entries: Deferred()
        here.publish(b"a").addErrback(lambda failure: failure.trap(CancelledError)).cancel()
        assert (here.channel.trouble, here.channel.counts.unavailable) == ("", 0)


class TestTelling:
    def test_what_comes_in_one_turn_goes_out_in_one_piece(self, stage):
        here = stage()
        one, two = here.listen(), here.listen()
        here.publish(b"a", b"b")
        here.publish(b"c")
        assert one.heard == []
        here.turn()
        assert one.heard == two.heard == [1, 2, 3]
        assert len(one.batches) == 1
        assert one.batches[0] is two.batches[0], "the same object for everybody"
        assert here.channel.counts.delivered == 6

    def test_one_that_comes_late(self, stage):
        here = stage()
        here.publish(b"a", b"b")
        new, past = here.listen(), here.listen(0)
        here.publish(b"c")
        here.turn()
        assert (new.heard, past.heard) == ([3], [1, 2, 3])

    def test_one_that_comes_up_between_two_of_the_same_turn(self, stage):
        here = stage()
        here.listen()
        here.publish(b"a")
        late = here.listen()
        here.publish(b"b")
        here.turn()
        assert late.heard == [2]

    def test_what_comes_while_nobody_is_current_leaves_no_hole(self, stage):
        here = stage()
        early = here.listen()
        here.publish(b"a")
        early.subscription.pause()
        here.publish(b"b")
        late = here.listen()
        here.publish(b"c")
        here.turn()
        assert late.heard == [3]
        early.subscription.resume()
        here.turn()
        assert early.heard == [1, 2, 3]

    def test_one_that_fails_does_not_keep_the_others_from_it(self, stage, listener, failures):
        class Failing(listener):
            def came(self, batch):
                raise ZeroDivisionError("that is what it does")

        here = stage()
        failing = here.listen(listener=Failing())
        fine = here.listen()
        here.publish(b"a")
        here.turn()
        here.publish(b"b")
        here.turn()
        failures.take(ZeroDivisionError)
        assert (failing.heard, fine.heard) == (["it failed"], [1, 2])
        assert here.channel.subscribers == 1

    def test_one_that_does_not_bear_to_be_cut_off_keeps_nobody_from_it(self, stage, listener, failures):
        class Failing(listener):
            def came(self, batch):
                raise ZeroDivisionError("that is what it does")

            def cut_off(self, reason):
                raise KeyError(reason)

        here = stage()
        here.listen(listener=Failing())
        fine = here.listen()
        here.publish(b"a")
        here.turn()
        assert fine.heard == [1]
        here.listen(listener=Failing())
        here.channel.close()
        assert fine.heard == [1, "the channel is closed"]
        failures.take(ZeroDivisionError, KeyError, KeyError)

    def test_one_that_is_behind_what_has_come_misses_nothing(self, stage):
        here = stage()
        here.publish(*[b"x"] * 5)
        reader = here.listen()
        reader.subscription.position = 2
        here.publish(b"y")
        here.turn()
        assert reader.heard == [3, 4, 5, 6]

    def test_one_that_closes_another(self, stage, listener):
        class Jealous(listener):
            def came(self, batch):
                super().came(batch)
                self.other.subscription.close()

        here = stage()
        jealous = here.listen(listener=Jealous())
        jealous.other = here.listen()
        here.publish(b"a")
        here.turn()
        assert (jealous.heard, jealous.other.heard) == ([1], [])

    def test_one_that_publishes_when_it_is_told(self, stage, listener):
        here = stage()

        class Answering(listener):
            def came(self, batch):
                super().came(batch)
                if batch.last < 3:
                    here.publish(b"answer")

        answering, other = here.listen(listener=Answering()), here.listen()
        here.publish(b"a")
        here.turn()
        assert answering.heard == other.heard == [1, 2, 3]

    def test_news(self, stage, failures):
        here = stage()
        heard = []

        def broken():
            raise ZeroDivisionError

        here.channel.on_news |= {broken, lambda: heard.append(here.channel.last)}
        here.publish(b"a")
        here.publish(b"b")
        assert heard == [1, 2]
        failures.take(ZeroDivisionError, ZeroDivisionError)

    def test_too_many_subscribers(self, stage):
        here = stage(subscribers=2)
        first = here.listen()
        here.listen()
        with pytest.raises(UnavailableError, match="2 subscribers read it already"):
            here.listen()
        first.subscription.close()
        here.listen()

    def test_of_one_key(self, stage):
        here = stage()
        pumps = here.listen(key="pump")
        here.publish(b"a", key="pump")
        here.publish(b"b", key="fan")
        here.turn()
        here.publish(b"c", key="fan")
        here.turn()
        here.publish(b"d", key="pump")
        here.turn()
        assert pumps.heard == [1, 4]


class TestSlowReaders:
    def slow(self, here):
        """One that was told of the first message, and takes no more."""
        listener = here.listen()
        here.publish(b"first")
        here.turn()
        listener.subscription.pause()
        return listener

    def test_drop_oldest(self, stage):
        here = stage(slow="drop-oldest", lag=32)
        slow = self.slow(here)
        for number in range(100):
            here.publish(b"%d" % number)
        here.turn()
        slow.subscription.resume()
        here.turn()
        missed = slow.heard[1]
        (count,) = [int(word) for word in missed.split() if word.isdigit()]
        assert slow.heard[2:] == list(range(count + 2, 102))
        assert 32 <= 100 - count <= 34
        assert here.channel.counts.dropped == slow.subscription.dropped == count

    def test_of_one_key_only_what_is_known_to_have_had_it_is_missed(self, stage):
        here = stage(slow="drop-oldest", lag=32)
        slow = here.listen(key="k")
        here.publish(b"first", key="k")
        here.turn()
        slow.subscription.pause()
        here.publish(b"wanted", key="k")
        for _ in range(99):
            here.publish(b"other")
        here.turn()
        assert here.channel.counts.dropped == slow.subscription.dropped == 1
        slow.subscription.resume()
        here.turn()
        here.publish(b"last", key="k")
        here.turn()
        assert slow.heard == [1, "missed 1", 102]

    def test_of_one_key_what_is_not_in_memory_any_more_may_have_been_of_others(self, stage):
        here = stage(slow="drop-oldest", lag=32, tail=Tail(messages=4))
        slow = here.listen(key="k")
        here.publish(b"first", key="k")
        here.turn()
        slow.subscription.pause()
        for _ in range(100):
            here.publish(b"other")
        here.turn()
        assert (slow.subscription.lag <= 34, here.channel.counts.dropped) == (True, 0)

    def test_disconnect(self, stage):
        here = stage(slow="disconnect", lag=32)
        slow, quick = self.slow(here), here.listen()
        for _ in range(50):
            here.publish(b"x")
            here.turn()
        assert slow.heard == [1, "more than 32 messages behind"]
        assert quick.heard == list(range(2, 52))
        assert here.channel.counts.disconnected == 1

    def test_who_is_cut_off_is_logged(self, stage):
        here = stage(slow="disconnect", lag=32)
        self.slow(here)
        with capturedLogs() as logs:
            for _ in range(50):
                here.publish(b"x")
                here.turn()
        assert [formatEvent(each) for each in logs] == [
            f"{here.channel.name}: a slow subscriber is cut off, which is more than 32 messages behind"
        ]

    def test_one_that_reads_the_past_is_not_slow(self, stage):
        here = stage(slow="disconnect", lag=32)
        here.publish(*[b"x"] * 1000)
        past = here.listen(0)
        past.subscription.pause()
        for _ in range(50):
            here.publish(b"x")
        past.subscription.resume()
        here.turn(turns=20)
        assert past.heard == list(range(1, 1051))

    def test_wait(self, stage):
        here = stage(slow="wait", lag=10)
        slow = self.slow(here)
        for _ in range(11):
            assert here.publish(b"x")[0].is_new
        receipts = []
        here.publish(b"y", b"z").addCallback(receipts.append)
        here.publish(b"later").addCallback(receipts.append)
        assert (receipts, here.channel.last, here.channel.counts.waited) == ([], 12, 3)
        slow.subscription.resume()
        here.turn()
        assert receipts == [[Receipt(13), Receipt(14)], [Receipt(15)]]
        here.turn()
        assert slow.heard == list(range(1, 16))
        assert here.channel.counts.published == 15

    def test_nobody_waits_for_one_that_has_left(self, stage):
        here = stage(slow="wait", lag=1)
        slow = self.slow(here)
        here.publish(b"x", b"x")
        receipts = []
        here.publish(b"y").addCallback(receipts.append)
        slow.subscription.close()
        assert receipts == [[Receipt(4)]]

    def test_so_many_wait(self, stage):
        here = stage(slow="wait", lag=1, pending=2)
        slow = self.slow(here)
        here.publish(b"x", b"x")
        here.publish(b"y", b"y")
        with pytest.raises(UnavailableError, match="2 messages wait for a slow subscriber"):
            here.publish(b"z")
        slow.subscription.close()
        assert here.channel.last == 5

    def test_one_publication_may_wait_however_many_they_are(self, stage):
        here = stage(slow="wait", lag=1, pending=2)
        slow = self.slow(here)
        here.publish(b"x", b"x")
        here.publish(*[b"y"] * 5)
        slow.subscription.close()
        assert here.channel.last == 8

    def test_not_longer_than_for_a_store(self, stage):
        here = stage(slow="wait", lag=1, stalled=30.0)
        slow = self.slow(here)
        here.publish(b"x", b"x")
        errors = []
        here.publish(b"y").addErrback(lambda failure: errors.append(failure.value))
        here.turn(29.0)
        assert errors == []
        here.turn(1.0)
        assert [str(error) for error in errors] == ["a subscriber is slow"]
        assert (here.channel.counts.unavailable, here.channel.trouble) == (1, "")
        slow.subscription.resume()
        here.turn()
        assert here.publish(b"z") == [Receipt(4)], "what was given up is not published"

    def test_how_long_the_store_takes_is_not_theirs(self, stage):
        here = stage(slow="wait", lag=1, stalled=30.0)
        slow = self.slow(here)
        here.publish(b"x", b"x")
        told, receipts = Deferred(), []
        here.publish(b"y").addCallback(receipts.append)
        here.store.append = lambda entries: told
        here.turn(29.0)
        slow.subscription.close()
        here.turn(29.0)
        told.callback([Receipt(4)])
        assert receipts == [[Receipt(4)]]

    def test_those_who_wait_hear_that_the_store_is_away(self, stage):
        here = stage(slow="wait", lag=1)
        slow = self.slow(here)
        here.publish(b"x", b"x")
        errors = []
        here.publish(b"y").addErrback(errors.append)
        here.store.close()
        slow.subscription.close()
        assert errors[0].type is UnavailableError


class TestBeginning:
    def test_where(self, stage):
        here = stage()
        here.publish(b"a")
        here.turn(60.0)
        here.publish(b"b", b"c")
        now = round(here.clock.seconds() * 1000)
        expected = {
            Since("new"): 3,
            Since("last"): 2,
            Since("all"): 0,
            Since("seq", 2): 2,
            Since("ago", 30): 1,
            Since("ago", 3600): 0,
            Since("time", now): 1,
            Since("time", now + 1): 3,
        }
        found = {since: here.channel.position(since).result for since in expected}
        assert found == expected

    def test_the_last_of_none(self, stage):
        assert stage().channel.position(Since("last")).result == 0

    def test_behind_what_is_not_there_yet(self, stage):
        here = stage()
        here.publish(b"a")
        listener = here.listen(here.channel.position(Since("seq", 99)).result)
        here.publish(b"b")
        here.turn()
        assert listener.heard == [2]

    def test_ahead_of_what_was_heard_of_here(self, stage):
        # Another process has published: it is in the store before anybody here hears of it.
        here = stage()
        here.publish(b"a")
        log = here.channel.store._log
        listeners, log.listeners[:] = list(log.listeners), []
        log.append([Entry(b"b"), Entry(b"c"), Entry(b"d")], 0)
        place = here.channel.position(Since("seq", 3)).result
        assert (here.channel.last, place) == (1, 3)
        listener = here.listen(place)
        here.turn()
        listeners[0](log.after(1, 9))
        here.turn()
        assert listener.heard == [4]


class TestTrimming:
    def test_what_is_trimmed_is_given_to_nobody(self, stage):
        here = stage()
        here.publish(*[b"x"] * 5)
        assert here.channel.trim(3).result == 3
        listener = here.listen(0)
        here.turn()
        assert listener.heard == ["missed 3", 4, 5]
        assert here.channel.counts.trimmed == 3

    def test_nor_what_another_process_has_had_the_store_forget(self, stage):
        here = stage()
        here.publish(*[b"x"] * 5)
        here.log.drop(3)
        assert here.channel.tail.first == 1
        listener = here.listen(0)
        here.turn()
        assert listener.heard == ["missed 3", 4, 5]


class TestClosing:
    def test_everybody_hears_of_it(self, stage):
        here = stage(slow="wait", lag=1)
        current, paused = here.listen(), here.listen()
        here.publish(b"a")
        here.turn()
        paused.subscription.pause()
        here.publish(b"b", b"c")
        told = []
        here.publish(b"d").addBoth(told.append)
        here.channel.close()
        assert current.heard[-1] == paused.heard[-1] == "the channel is closed"
        assert len(told) == 1
        assert here.clock.calls == []
        with pytest.raises(UnavailableError):
            here.channel.publish([Entry(b"e")])
