"""One reader, from the past to what comes."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, fail

from protocols.channels.message import Entry
from protocols.channels.subscription import AT_A_TIME, TRIES_AGAIN
from protocols.channels.tail import Tail


def one_to(last):
    return list(range(1, last + 1))


@pytest.fixture
def short(stage):
    """A channel that has the last four messages in memory, and more in its store."""

    def made(**settings):
        return stage(tail=Tail(messages=4), **settings)

    return made


class TestThePast:
    def test_nothing_is_given_before_it_is_resumed(self, stage, listener):
        here = stage()
        here.publish(b"a")
        waiting = listener()
        waiting.subscription = here.channel.subscribe(waiting, 0)
        here.turn()
        assert waiting.heard == []
        waiting.subscription.resume()
        assert waiting.heard == [1]

    def test_from_memory_some_in_each_turn(self, stage):
        here = stage()
        here.publish(*[b"x"] * (2 * AT_A_TIME + 1))
        past = here.listen(0)
        assert [len(batch) for batch in past.batches] == [AT_A_TIME]
        here.turn()
        assert past.heard == one_to(2 * AT_A_TIME + 1)
        assert here.store.reads == 0

    def test_from_the_store(self, short):
        here = short()
        here.publish(*[b"x"] * 1000)
        past = here.listen(0)
        here.turn(turns=10)
        assert past.heard == one_to(1000)
        assert here.store.reads == 4
        here.publish(b"new")
        here.turn()
        assert past.heard == one_to(1001)

    def test_while_more_comes(self, short):
        here = short()
        here.publish(*[b"x"] * 600)
        past = here.listen(0)
        for _ in range(100):
            here.publish(b"y")
            here.turn(turns=1)
        here.turn()
        assert past.heard == one_to(700)

    def test_of_one_key_from_the_store(self, short):
        here = short()
        for number in range(600):
            here.publish(b"x", key="even" if number % 2 else "odd")
        even = here.listen(0, "even")
        here.turn(turns=20)
        assert even.heard == list(range(2, 601, 2))
        assert even.subscription.dropped == 0

    def test_of_a_key_that_is_not_in_the_store(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        other = here.listen(0, "other")
        here.turn()
        here.publish(b"y", key="other")
        here.turn()
        assert (other.heard, other.subscription.lag) == ([21], 0)

    def test_of_a_key_that_comes_while_the_store_is_read(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.held_up = waiting = Deferred()
        other = here.listen(0, "other")
        here.publish(b"y", key="other")
        here.publish(*[b"x"] * 20)
        here.store.held_up = None
        waiting.callback(None)
        here.turn()
        assert other.heard == [21]


class TestPausing:
    def test_goes_on_where_it_was(self, stage):
        here = stage()
        reader = here.listen()
        here.publish(b"a")
        here.turn()
        reader.subscription.pause()
        here.publish(b"b")
        here.turn()
        assert (reader.heard, reader.subscription.lag) == ([1], 1)
        reader.subscription.resume()
        assert reader.heard == [1, 2]

    def test_twice_is_once(self, stage):
        here = stage()
        reader = here.listen()
        reader.subscription.resume()
        reader.subscription.pause()
        reader.subscription.pause()
        here.publish(b"a")
        here.turn()
        assert reader.heard == []

    @pytest.mark.parametrize("position", [0, None])
    def test_inside_came(self, stage, listener, position):
        class OneAtATime(listener):
            def came(self, batch):
                super().came(batch)
                self.subscription.pause()

        here = stage()
        here.publish(*[b"x"] * (AT_A_TIME + 1))
        reader = here.listen(position, listener=OneAtATime())
        here.publish(b"new")
        here.turn()
        assert len(reader.batches) == 1
        seen = len(reader.heard)
        here.turn()
        assert len(reader.heard) == seen
        for _ in range(3):
            reader.subscription.resume()
        assert reader.heard[-1] == AT_A_TIME + 2

    @pytest.mark.parametrize("position", [0, None])
    def test_and_resumed_inside_came(self, stage, listener, position):
        depth = []

        class Restless(listener):
            def came(self, batch):
                depth.append("in")
                super().came(batch)
                self.subscription.pause()
                self.subscription.resume()
                depth.append("out")

        here = stage()
        here.publish(*[b"x"] * 3000)
        reader = here.listen(position, listener=Restless())
        for _ in range(20):
            here.publish(b"new")
            here.turn()
        assert reader.heard == list(range(1 if position == 0 else 3001, 3021))
        assert depth == ["in", "out"] * (len(depth) // 2), "it is never told while it is told"

    def test_while_the_store_is_read(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.held_up = waiting = Deferred()
        reader = here.listen(0)
        reader.subscription.pause()
        here.store.held_up = None
        waiting.callback(None)
        assert reader.heard == []
        reader.subscription.resume()
        here.turn()
        assert reader.heard == one_to(20)

    def test_and_resumed_while_the_store_is_read(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.held_up = waiting = Deferred()
        reader = here.listen(0)
        reader.subscription.pause()
        reader.subscription.resume()
        assert here.store.reads == 1
        here.store.held_up = None
        waiting.callback(None)
        here.turn()
        assert reader.heard == one_to(20)


class TestClosing:
    def test_nothing_is_heard_any_more(self, stage):
        here = stage()
        reader = here.listen()
        here.publish(b"a")
        reader.subscription.close()
        reader.subscription.close()
        here.turn()
        reader.subscription.resume()
        reader.subscription.pause()
        assert (reader.heard, here.channel.subscribers) == ([], 0)

    def test_while_the_store_is_read(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.held_up = waiting = Deferred()
        reader = here.listen(0)
        reader.subscription.close()
        waiting.callback(None)
        here.turn()
        assert reader.heard == []
        assert here.clock.calls == []

    def test_inside_came(self, stage, listener):
        class Once(listener):
            def came(self, batch):
                super().came(batch)
                self.subscription.close()

        here = stage()
        here.publish(*[b"x"] * 1000)
        reader = here.listen(0, listener=Once())
        here.turn()
        assert len(reader.batches) == 1
        assert here.clock.calls == []


class TestWhatIsMissed:
    def test_made_to_skip_while_the_store_is_read(self, short):
        here = short(slow="drop-oldest", lag=16)
        reader = here.listen()
        here.publish(b"first")
        here.turn()
        reader.subscription.pause()
        here.publish(*[b"x"] * 9)
        here.store.held_up = waiting = Deferred()
        reader.subscription.resume()
        for _ in range(20):
            here.publish(b"y")
        here.store.held_up = None
        waiting.callback(None)
        here.turn()
        count = reader.subscription.dropped
        assert count > 9
        assert reader.heard == [1, f"missed {count}", *range(count + 2, 31)]

    def test_trimmed_before_it_came_to_it(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.channel.trim(10)
        reader = here.listen(0)
        here.turn()
        assert reader.heard == ["missed 10", *range(11, 21)]

    def test_everything_trimmed_meanwhile(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        reader = here.listen(20)
        reader.subscription.pause()
        reader.subscription.position = 5
        here.channel.trim(20)
        reader.subscription.resume()
        here.turn()
        assert (reader.heard, reader.subscription.dropped, reader.subscription.lag) == ([], 15, 0)
        here.publish(b"y")
        here.turn()
        assert reader.heard == ["missed 15", 21]


class TestAStoreThatIsAway:
    def test_is_asked_again_until_it_is_back(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.is_away = True
        reader = here.listen(0)
        here.turn(TRIES_AGAIN)
        here.turn(TRIES_AGAIN)
        assert (reader.heard, here.store.reads) == ([], 3)
        here.store.is_away = False
        here.turn(TRIES_AGAIN)
        assert reader.heard == one_to(20)

    def test_is_not_asked_for_one_that_is_paused_or_closed(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.is_away = True
        paused, closed = here.listen(0), here.listen(0)
        paused.subscription.pause()
        closed.subscription.close()
        here.turn(10 * TRIES_AGAIN)
        assert here.store.reads == 2

    def test_others_hear_what_comes(self, short):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.is_away = True
        here.listen(0)
        current = here.listen()
        here.publish(b"new")
        here.turn()
        assert current.heard == [21]

    def test_that_breaks_cuts_off(self, short, failures):
        here = short()
        here.publish(*[b"x"] * 20)
        here.store.read = lambda *_: fail(ZeroDivisionError("a mistake of ours"))
        reader = here.listen(0)
        failures.take(ZeroDivisionError)
        assert reader.heard == ["it failed"]

    def test_that_is_ahead_of_what_was_told(self, short):
        # Another process has published: it is in the store before anybody here hears of it.
        here = short()
        here.publish(*[b"x"] * 20)
        listeners, here.log.listeners[:] = list(here.log.listeners), []
        here.log.append([Entry(b"elsewhere")], 0)
        reader = here.listen(0)
        here.turn()
        assert reader.heard == one_to(21)
        listeners[0](here.log.after(20, 1))
        here.log.listeners += listeners
        here.publish(b"here")
        here.turn()
        assert reader.heard == one_to(22)
