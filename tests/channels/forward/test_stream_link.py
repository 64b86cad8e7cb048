"""One connection, whose other end reads when the test says so."""

from __future__ import annotations

import errno

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from protocols.channels.forward import ForwardSettings, stream_link
from protocols.channels.forward.outcome import PASSED, Outcome
from protocols.channels.forward.stream_link import BATCH, LOOK, Letter, StreamLink


class Socket(StringTransport):
    """What is written has not left until the kernel takes it."""

    def __init__(self):
        super().__init__(lenient=True)
        self.writes = []
        self.unacknowledged = 0
        self.error = 0

    def write(self, data):
        self.writes.append(data)

    def kernel_takes(self):
        self.producer.resumeProducing()

    def unregisterProducer(self):  # noqa: N802
        self.producer = None


class Link:
    """A link, and what becomes of what is sent."""

    def __init__(self, clock, **settings):
        self.clock = clock
        self.lost = []
        self.link = StreamLink(ForwardSettings(**settings), clock, self.lost.append)
        self.socket = Socket()
        self.link.makeConnection(self.socket)
        self.outcomes = {}

    def send(self, *bodies):
        for body in bodies:
            letter = Letter(body)
            letter.outcome.addCallback(lambda outcome, body=body: self.outcomes.setdefault(body, outcome))
            self.link.send(letter)
        self.clock.advance(0)

    def ends(self, reason=None):
        self.link.connectionLost(Failure(reason or ConnectionLost()))


@pytest.fixture
def link(clock, monkeypatch):
    monkeypatch.setattr(stream_link, "unacknowledged", lambda socket: socket.unacknowledged)
    monkeypatch.setattr(stream_link, "broken", lambda socket: socket.error)
    return lambda **settings: Link(clock, **settings)


def test_what_is_sent_in_one_turn_is_one_write(link):
    it = link()
    it.send(b"a", b"b", b"c")
    assert it.socket.writes == [b"abc"]


def test_nothing_more_is_written_before_the_kernel_has_taken_that(link):
    it = link()
    it.send(b"x" * BATCH, b"y" * BATCH, b"z")
    assert it.socket.writes == [b"x" * BATCH]
    it.send(b"!")
    it.clock.advance(5)
    assert len(it.socket.writes) == 1
    assert it.outcomes == {}
    it.socket.kernel_takes()
    assert it.socket.writes[1:] == [b"y" * BATCH]
    it.socket.kernel_takes()
    assert it.socket.writes[2:] == [b"z!"]


def test_passed_on_once_it_is_acknowledged_and_the_connection_has_lasted(link, clock):
    it = link()
    it.send(b"aa")
    it.socket.unacknowledged = 3
    it.socket.kernel_takes()
    it.send(b"bb")
    it.socket.kernel_takes()
    clock.pump([LOOK] * 3)
    assert it.outcomes == {}
    it.socket.unacknowledged = 2
    clock.advance(LOOK)
    assert it.outcomes == {}
    clock.advance(LOOK)
    assert it.outcomes == {b"aa": PASSED}
    it.socket.unacknowledged = 0
    clock.pump([LOOK] * 2)
    assert it.outcomes == {b"aa": PASSED, b"bb": PASSED}
    assert not it.link.busy
    assert not clock.getDelayedCalls()


def test_who_acknowledges_nothing_is_cut_off(link, clock):
    """A machine that has vanished without a word."""
    it = link(deadline=1.0)
    it.send(b"a")
    it.socket.unacknowledged = 1
    it.socket.kernel_takes()
    clock.pump([0.25] * 5)
    it.ends()
    assert it.outcomes[b"a"] == ("failed", "it does not read within 1 s", 0.0)


@pytest.mark.parametrize("reason", [ConnectionDone(), ConnectionLost()])
def test_a_connection_that_ends_is_the_fault_of_the_first_at_most(link, clock, reason):
    it = link()
    it.send(b"taken")
    it.socket.kernel_takes()
    it.send(b"handed")
    it.link.send(Letter(b"waiting"))
    it.ends(reason)
    assert it.lost == [it.link]
    assert it.outcomes[b"taken"].kind == "failed"
    assert it.outcomes[b"handed"].kind == "unreachable"
    clock.advance(1)
    assert not clock.getDelayedCalls()


def test_who_does_not_read_is_cut_off(link, clock):
    it = link(deadline=1.0)
    it.send(b"a")
    clock.pump([0.25] * 3)
    assert not it.socket.disconnecting
    clock.pump([0.25] * 2)
    assert it.socket.disconnected or it.socket.disconnecting
    it.ends()
    assert it.outcomes[b"a"] == ("failed", "it does not read within 1 s", 0.0)


def test_who_reads_slowly_is_not(link, clock):
    it = link(deadline=1.0)
    it.send(*(b"%d" % number + b"x" * BATCH for number in range(10)))
    for _ in range(10):
        clock.pump([0.25] * 3)
        it.socket.kernel_takes()
    clock.pump([0.25] * 4)
    assert len(it.outcomes) == 10


def test_an_answer_may_come_before_the_kernel_has_said_anything(link):
    it = link(answers=True)
    it.send(b"a", b"b")
    it.link.dataReceived(b"OK 1\nOK 2\nOK 3\n")
    assert it.outcomes == {b"a": PASSED, b"b": PASSED}


def test_an_answer_that_is_an_error_is_about_its_message_alone(link):
    it = link(answers=True)
    it.send(b"a", b"b", b"c")
    it.link.dataReceived(b"OK 1\nERR no\x07 b\nOK 2\n")
    assert it.outcomes == {b"a": PASSED, b"b": Outcome("failed", "ERR no b"), b"c": PASSED}
    assert not it.link.busy
    assert not it.socket.disconnected
    it.send(b"b2")
    assert it.socket.writes == [b"abc", b"b2"]


def test_without_answers_what_comes_is_for_nobody(link):
    it = link()
    it.send(b"a")
    it.link.dataReceived(b"ERR no\n" * 10_000)
    assert it.outcomes == {}


def test_an_answer_that_is_not_framed(link, clock):
    it = link(answers=True)
    it.send(b"a", b"b")
    it.link.dataReceived(b"x" * 100_000)
    it.ends()
    assert it.outcomes[b"a"].error.startswith("its answer cannot be read: ")
    assert it.outcomes[b"b"].kind == "unreachable"


def test_a_socket_that_is_to_be_closed_is_not_kept_open(link):
    """TLS closes it as soon as nobody produces."""
    it = link()
    it.socket.disconnecting = True
    it.socket.kernel_takes()
    assert it.socket.producer is None


class TestTheTargetHasShutDownItsSide:
    def test_what_it_has_is_looked_at_as_ever(self, link, clock):
        it = link()
        it.send(b"a")
        it.socket.kernel_takes()
        it.link.readConnectionLost()
        assert it.outcomes == {}
        clock.advance(LOOK)
        assert it.outcomes == {}
        assert not it.socket.disconnecting
        clock.advance(LOOK)
        assert it.outcomes == {b"a": PASSED}
        assert it.socket.disconnecting
        assert it.socket.producer is None
        assert it.lost == [it.link]
        assert not clock.getDelayedCalls()

    @pytest.mark.parametrize("error", [errno.EPIPE, errno.ECONNRESET])
    def test_its_machine_breaks_off(self, link, clock, error):
        """It has closed with some of it unread."""
        it = link()
        it.send(b"a", b"b")
        it.socket.kernel_takes()
        clock.advance(LOOK)
        it.link.readConnectionLost()
        it.socket.error = error
        clock.advance(LOOK)
        it.ends()
        assert it.outcomes[b"a"].kind == "failed"
        assert it.outcomes[b"b"].kind == "unreachable"

    def test_nothing_more_is_written_and_that_is_nobodys_fault(self, link, clock):
        it = link()
        it.send(b"a")
        it.socket.kernel_takes()
        it.link.readConnectionLost()
        it.send(b"b")
        clock.pump([LOOK] * 2)
        assert it.socket.writes == [b"a"]
        assert it.outcomes == {b"a": PASSED}
        assert [letter.octets for letter in it.link.unsent()] == [b"b"]
        it.ends(ConnectionDone())
        assert it.outcomes == {b"a": PASSED}

    def test_one_that_never_acknowledges_is_cut_off(self, link, clock):
        it = link(deadline=1.0)
        it.send(b"a")
        it.socket.unacknowledged = 1
        it.socket.kernel_takes()
        it.link.readConnectionLost()
        clock.pump([0.25] * 5)
        it.ends()
        assert it.outcomes[b"a"] == ("failed", "it does not read within 1 s", 0.0)

    def test_where_it_answers_no_other_answer_comes(self, link):
        it = link(answers=True)
        it.send(b"a")
        it.socket.kernel_takes()
        it.link.readConnectionLost()
        assert it.socket.disconnecting
        it.ends(ConnectionDone())
        assert it.outcomes[b"a"].kind == "failed"
