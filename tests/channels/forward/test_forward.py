"""What becomes of messages, on a clock, with a delivery that does what the test says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from protocols.channels.errors import UnavailableError
from protocols.channels.forward import Forward, ForwardSettings, WebhookURL, forward
from protocols.channels.forward.delivery import UnreachableError
from protocols.channels.forward.forward import IDLE
from protocols.channels.forward.outcome import PASSED, Outcome
from protocols.channels.forward.trouble import OUTAGES
from protocols.channels.groups import GroupTerms
from protocols.channels.since import ALL, Since

FAILED = Outcome("failed", "500 Internal Server Error")
REFUSED = Outcome("refused", "422 no")
DOWN = Outcome("unreachable", "Connection refused")
URL = WebhookURL.parse("http://192.0.2.1/secret")


class FakeDelivery:
    def __init__(self, at_a_time=1):
        self.at_a_time = at_a_time
        self.keeps_order = True
        self.sent = []
        self.waiting = {}
        self.plan = None  # from a body to an outcome, at once
        self.connects = []
        self.is_reachable = True
        self.closed = False
        self.aborts = 0

    def send(self, message):
        self.sent.append(message.body)
        if self.plan is not None:
            return succeed(self.plan(message.body))
        waiting = self.waiting[message.body] = Deferred()
        return waiting

    def end(self, body, outcome=PASSED):
        self.waiting.pop(body).callback(outcome)

    def connect(self):
        self.connects.append(self.is_reachable)
        return succeed(None) if self.is_reachable else fail(UnreachableError("Connection refused"))

    def abort(self):
        self.aborts += 1
        for body in list(self.waiting):
            self.end(body, Outcome("unreachable", "broken off by us"))

    def close(self):
        self.closed = True
        return succeed(None)


class Scene:
    """A forward of a channel, and its delivery."""

    def __init__(self, post, clock, monkeypatch):
        self.post, self.clock, self._monkeypatch = post, clock, monkeypatch

    def start(self, at_a_time=1, dead=True, **settings):
        settings.setdefault("since", ALL)
        self.delivery = FakeDelivery(at_a_time)
        self._monkeypatch.setattr(forward, "delivery_to", lambda *_, **__: self.delivery)
        self.forward = Forward(
            self.post.channel,
            "hook",
            URL,
            reactor=self.clock,
            settings=ForwardSettings(**settings),
            dead=self.post.dead if dead else None,
            chance=lambda: 1.0,
        )
        self.forward.start()
        self.turn()
        return self.delivery

    @property
    def counts(self):
        return self.forward.counts

    def publish(self, *bodies, **named):
        self.post.publish(*bodies, **named)
        self.turn()

    def turn(self):
        for _ in range(10):
            self.clock.advance(0)

    def wait(self, seconds):
        """Let time go by, in pieces: what is due in between may lead to more."""
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            self.turn()

    def stop(self):
        stopped = []
        self.forward.stop().addCallback(lambda _: stopped.append(True))
        self.turn()
        self.clock.pump([IDLE] * 5)
        return stopped


@pytest.fixture
def scene(post, clock, monkeypatch):
    return Scene(post, clock, monkeypatch)


def numbered(count, first=1):
    return [b"%d" % number for number in range(first, first + count)]


class TestPassingOn:
    def test_one_at_a_time_in_order(self, scene):
        delivery = scene.start()
        scene.publish(*numbered(3))
        assert delivery.sent == [b"1"]
        delivery.end(b"1")
        scene.turn()
        assert delivery.sent == [b"1", b"2"]
        delivery.end(b"2")
        delivery.end(b"3")
        assert scene.counts.delivered == 3

    def test_many_that_end_at_once(self, scene):
        delivery = scene.start()
        delivery.plan = lambda body: PASSED
        scene.publish(*numbered(3000))
        scene.wait(1)
        assert delivery.sent == numbered(3000)

    def test_more_at_a_time_where_that_is_wanted(self, scene):
        delivery = scene.start(at_a_time=3)
        scene.publish(*numbered(5))
        assert delivery.sent == numbered(3)

    def test_of_one_key_only(self, scene):
        delivery = scene.start(key="a")
        delivery.plan = lambda body: PASSED
        scene.publish(b"1", b"2", key="b")
        scene.publish(b"3", key="a")
        scene.wait(1)
        assert delivery.sent == [b"3"]
        assert scene.counts.delivered == 1
        assert self.unsettled(scene) == 0

    @staticmethod
    def unsettled(scene):
        found = []
        scene.post.channel.store.group("forward:hook").addCallback(found.append)
        return found[0].claimed

    def test_what_takes_longer_than_its_deadline_is_not_sent_twice(self, scene):
        delivery = scene.start()
        scene.publish(b"1")
        scene.wait(60)
        assert delivery.sent == [b"1"]
        delivery.end(b"1")
        scene.wait(60)
        assert delivery.sent == [b"1"]
        assert self.unsettled(scene) == 0


class TestWhereToBegin:
    def test_with_what_is_new(self, scene):
        scene.publish(b"old")
        delivery = scene.start(since=Since("new"))
        scene.publish(b"new")
        assert delivery.sent == [b"new"]

    def test_where_it_was(self, scene):
        delivery = scene.start(since=Since("new"))
        scene.publish(b"1")
        delivery.end(b"1")
        assert scene.stop()
        scene.publish(b"2")
        delivery = scene.start(since=Since("new"))
        assert delivery.sent == [b"2"]

    def test_where_it_was_also_if_that_was_forgotten_meanwhile(self, scene):
        scene.start(since=Since("new"))
        assert scene.stop()
        scene.publish(b"1", b"2", b"3")
        scene.post.channel.store.trim(1)
        assert scene.start(since=Since("new")).sent == [b"2"]

    def test_after_a_crash_what_was_on_its_way_comes_first(self, scene):
        scene.publish(*numbered(3))
        scene.post.channel.store.claim("forward:hook", 1, 30.0)
        delivery = scene.start()
        delivery.plan = lambda body: PASSED
        assert delivery.sent == []
        scene.wait(31)
        assert delivery.sent == numbered(3)

    def test_a_store_that_does_not_say_is_asked_again(self, scene, monkeypatch):
        store = scene.post.channel.store
        with monkeypatch.context() as patch:
            patch.setattr(store, "group", lambda _: fail(UnavailableError("not now")))
            delivery = scene.start()
            scene.publish(b"1")
            assert delivery.sent == []
        scene.wait(1)
        assert delivery.sent == [b"1"]


class TestFailures:
    def test_a_failure_makes_everything_wait_longer_and_longer(self, scene):
        delivery = scene.start(tries=0)
        times = []
        delivery.plan = lambda body: times.append(scene.clock.seconds()) or FAILED
        scene.publish(*numbered(2))
        scene.wait(20)
        assert delivery.sent == [b"1"] * 5
        waited = [after - before for before, after in pairwise(times)]
        assert waited == pytest.approx([1, 2, 4, 8], abs=0.3)
        delivery.plan = lambda body: PASSED
        scene.wait(20)
        assert delivery.sent[5:] == numbered(2)
        assert scene.counts.retried == 5

    def test_given_up_after_so_many_tries_with_the_last_error(self, scene):
        delivery = scene.start(tries=3)
        delivery.plan = lambda body: FAILED if body == b"1" else PASSED
        scene.publish(*numbered(3))
        scene.wait(20)
        assert delivery.sent == [b"1", b"1", b"1", b"2", b"3"]
        ((body, said),) = scene.post.letters
        assert body == b"1"
        assert said["error"] == "500 Internal Server Error"
        assert (said["channel"], said["seq"], said["group"], said["tries"]) == (
            "readings", "1", "forward:hook", "3",
        )  # fmt: skip
        assert (scene.counts.dead, scene.counts.delivered, scene.counts.failed) == (1, 2, 3)
        assert TestPassingOn.unsettled(scene) == 0

    def test_without_a_place_for_dead_letters_they_are_logged(self, scene, failures_told):
        delivery = scene.start(tries=1, dead=False)
        delivery.plan = lambda body: FAILED
        scene.publish(b"1")
        scene.wait(5)
        assert delivery.sent == [b"1"]
        assert failures_told == [
            "readings: the group forward:hook has given up message 1 (tries: 1): 500 Internal Server Error"
        ]

    def test_a_message_that_is_refused_is_not_tried_again(self, scene):
        delivery = scene.start()
        delivery.plan = lambda body: REFUSED if body == b"1" else PASSED
        scene.publish(*numbered(2))
        assert delivery.sent == numbered(2)
        ((body, said),) = scene.post.letters
        assert (body, said["error"], said["tries"]) == (b"1", "422 no", "1")

    def test_who_refuses_everything_is_left_alone(self, scene):
        delivery = scene.start()
        delivery.plan = lambda body: REFUSED
        scene.publish(*numbered(20))
        assert delivery.sent == numbered(3)
        scene.wait(1.5)
        assert delivery.sent == numbered(4)
        scene.wait(30)
        assert len(delivery.sent) < 10

    def test_no_try_is_used_up_while_there_is_no_connection(self, scene):
        delivery = scene.start(tries=1)
        delivery.plan = lambda body: DOWN
        delivery.is_reachable = False
        scene.publish(*numbered(2))
        scene.wait(100)
        assert delivery.sent == [b"1"]
        assert len(delivery.connects) == 6
        delivery.is_reachable = True
        delivery.plan = lambda body: PASSED
        scene.wait(100)
        assert delivery.sent == [b"1", b"1", b"2"]
        assert scene.post.letters == []

    def test_who_is_busy_is_left_alone_for_as_long_as_it_wants(self, scene):
        delivery = scene.start(tries=1)
        delivery.plan = lambda body: Outcome("busy", "429", 30.0)
        scene.publish(b"1")
        delivery.plan = lambda body: PASSED
        scene.wait(29)
        assert delivery.sent == [b"1"]
        scene.wait(2)
        assert delivery.sent == [b"1", b"1"]
        assert scene.post.letters == []
        assert delivery.connects == []

    def test_one_that_breaks_a_connection_is_found(self, scene):
        """All that are on their way with it end as it does, and none of them dies of that."""
        delivery = scene.start(at_a_time=8, tries=3)
        scene.publish(*numbered(12))

        def run():
            """A connection that one message breaks, whenever it comes to it."""
            while delivery.waiting:
                bodies = list(delivery.waiting)
                if b"5" in bodies:
                    for number, body in enumerate(bodies):
                        delivery.end(body, FAILED if number == 0 else DOWN)
                else:
                    delivery.end(bodies[0])
                scene.turn()

        for _ in range(200):
            run()
            scene.wait(0.5)
        assert [body for body, _ in scene.post.letters] == [b"5"]
        assert scene.counts.delivered == 11

    def test_what_is_wrong_with_us_is_logged_and_is_a_failure(self, scene, failures):
        delivery = scene.start(tries=1)
        delivery.send = lambda message: fail(ZeroDivisionError("ours"))
        scene.publish(b"1")
        failures.take(ZeroDivisionError)
        assert [body for body, _ in scene.post.letters] == [b"1"]

    def test_counts_say_how_it_fares(self, scene):
        delivery = scene.start()
        delivery.plan = lambda body: FAILED
        scene.publish(b"1")
        began = scene.counts.failing_since
        assert began == pytest.approx(scene.post.now(), abs=0.1)
        assert scene.counts.error == "500 Internal Server Error"
        scene.wait(2)
        assert scene.counts.failing_since == began
        delivery.plan = lambda body: PASSED
        scene.wait(3)
        assert scene.counts.failing_since is None


class TestLog:
    def test_one_line_for_an_outage_and_one_for_its_end(self, scene, told):
        delivery = scene.start(tries=0)
        delivery.plan = lambda body: DOWN
        delivery.is_reachable = False
        scene.publish(b"1")
        scene.wait(200)
        assert told == ["readings: forward hook: cannot pass on to http://192.0.2.1: Connection refused"]
        delivery.plan = lambda body: PASSED
        delivery.is_reachable = True
        scene.wait(200)
        (line,) = told[1:]
        assert line.startswith("readings: forward hook: http://192.0.2.1 takes messages again, after 2")

    def test_a_target_that_comes_and_goes_does_not_fill_the_log(self, scene, told):
        delivery = scene.start(tries=0)
        outcomes = [PASSED, FAILED] * 30
        delivery.plan = lambda body: outcomes.pop()
        for number in range(30):
            scene.publish(b"%d" % number)
            scene.wait(1)
        assert len(told) == 2 * OUTAGES

    def test_each_failure_soon_after_another_and_each_dead_letter_has_its_line(self, scene, told):
        """As a receiver of which several things are tried, one after the other."""
        delivery = scene.start(tries=3)
        outcomes = {b"503": FAILED, b"400": REFUSED, b"cut": Outcome("failed", "cut off"), b"ok": PASSED}
        delivery.plan = lambda body: outcomes[body]
        for body in (b"503", b"ok", b"400", b"400", b"ok", b"cut", b"ok"):
            scene.publish(body)
            scene.wait(6)
        hook = "readings: forward hook: "
        given_up = "readings: the group forward:hook has given up message "
        ends = "http://192.0.2.1 takes messages again, after "
        assert [line.partition(" s (")[0].rstrip("0123456789") for line in told] == [
            f"{hook}cannot pass on to http://192.0.2.1: 500 Internal Server Error",
            f"{given_up}1 (tries: 3): 500 Internal Server Error",
            f"{hook}{ends}",
            f"{given_up}3 (tries: 1): 422 no",
            f"{given_up}4 (tries: 1): 422 no",
            f"{hook}cannot pass on to http://192.0.2.1: cut off",
            f"{given_up}6 (tries: 3): cut off",
            f"{hook}{ends}",
        ]
        assert len(scene.post.letters) == 4

    def test_who_refuses_everything_is_an_outage(self, scene, told):
        delivery = scene.start()
        delivery.plan = lambda body: REFUSED
        scene.publish(*numbered(3))
        outage = "readings: forward hook: cannot pass on to http://192.0.2.1: 422 no"
        assert [line for line in told if "given up" not in line] == [outage]
        assert scene.counts.failing_since is not None
        delivery.plan = lambda body: PASSED
        scene.publish(b"4")
        scene.wait(2)
        assert told[-1].startswith("readings: forward hook: http://192.0.2.1 takes messages again, after ")
        assert scene.counts.failing_since is None


class TestStopping:
    def test_what_is_on_its_way_may_end(self, scene):
        delivery = scene.start()
        scene.publish(*numbered(2))
        stopped, again = scene.stop(), scene.stop()
        assert stopped == again == []
        delivery.end(b"1")
        scene.wait(1)
        assert stopped == again == [True]
        assert delivery.closed
        assert delivery.sent == [b"1"]
        assert scene.post.channel.groups == {}
        delivery = scene.start()
        assert delivery.sent == [b"2"]

    def test_what_does_not_end_is_broken_off_and_comes_again(self, scene):
        delivery = scene.start()
        scene.publish(*numbered(2))
        stopped = scene.stop()
        scene.wait(6)
        assert stopped
        assert delivery.aborts == 1
        assert scene.start().sent == [b"1"]

    def test_what_the_store_is_just_asked_for_is_given_back(self, scene, monkeypatch):
        store = scene.post.channel.store
        asked, claim = [], store.claim
        monkeypatch.setattr(store, "claim", lambda *of: asked.append((Deferred(), of)) or asked[-1][0])
        scene.start()
        scene.publish(b"1")
        stopped = scene.stop()
        scene.wait(1)
        assert stopped == []
        (waiting, of), *_ = asked
        claim(*of).addCallback(waiting.callback)
        scene.wait(1)
        assert stopped
        monkeypatch.undo()
        assert scene.start().sent == [b"1"]

    def test_while_it_waits(self, scene):
        delivery = scene.start()
        delivery.plan = lambda body: FAILED
        scene.publish(b"1")
        assert scene.stop()
        assert not scene.clock.getDelayedCalls()

    def test_while_it_is_asked_whether_the_target_is_there(self, scene):
        delivery = scene.start()
        delivery.plan = lambda body: DOWN
        delivery.connect = Deferred
        scene.publish(b"1")
        scene.wait(2)
        assert scene.stop()
        assert not scene.clock.getDelayedCalls()

    def test_before_it_knows_where_to_begin(self, scene, monkeypatch):
        monkeypatch.setattr(scene.post.channel.store, "group", lambda _: Deferred())
        scene.start()
        assert scene.stop()
        assert not scene.clock.getDelayedCalls()

    def test_a_channel_that_closes_first(self, scene):
        delivery = scene.start()
        scene.publish(b"1")
        scene.post.channel.close()
        delivery.end(b"1")
        scene.wait(2)
        assert scene.stop()
        assert not scene.clock.getDelayedCalls()


class TestSharing:
    def test_several_share_the_messages(self, scene, post, clock, monkeypatch):
        first = scene.start()
        other = Scene(post, clock, monkeypatch)
        post.channel.groups.clear()
        second = other.start()
        scene.publish(*numbered(40))
        for _ in range(40):
            for delivery in (first, second):
                for body in list(delivery.waiting):
                    delivery.end(body)
            scene.turn()
        assert sorted(first.sent + second.sent) == sorted(numbered(40))
        assert first.sent
        assert second.sent

    def test_its_terms_let_no_group_give_anything_up(self, scene):
        scene.start(deadline=8.0)
        assert scene.forward.group.terms == GroupTerms(deadline=4.0 + 8.0 + 5.0, tries=0, inflight=16)
