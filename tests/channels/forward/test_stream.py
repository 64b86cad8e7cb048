"""Messages over one connection, to real listeners on loopback that die and come back."""

from __future__ import annotations

import fcntl
import json
import socket
import sys
import termios

import pytest
import pytest_twisted
import trustme
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from protocols.channels.forward import Forward, ForwardSettings
from protocols.channels.forward.delivery import UnreachableError
from protocols.channels.forward.stream import StreamDelivery
from protocols.channels.message import Message
from protocols.channels.since import ALL
from protocols.framing import Lines, Netstring
from protocols.handlers.forward import Target
from protocols.outgoing_tls import OutgoingTLS


class Reading(Protocol):
    """One connection of a listener, which reads lines."""

    def connectionMade(self):
        self.decoder = Lines(limit=1_000_000).decoder()
        self.factory.connections.append(self)
        self.factory.made += 1
        if self.factory.deaf:
            self.transport.pauseProducing()

    def dataReceived(self, data):
        factory = self.factory
        for line in self.decoder.feed(data):
            if factory.answer is not None:
                factory.answer(self, line)
            if self.connected and not self.transport.disconnecting:
                factory.lines.append(line)

    def close(self, line):
        """Having read `line`."""
        self.factory.lines.append(line)
        self.transport.loseConnection()

    def connectionLost(self, reason):
        self.factory.connections.remove(self)


@implementer(IOpenSSLServerConnectionCreator)
class Listener(Factory):
    """What listens at the target, or does not."""

    noisy = False
    protocol = Reading

    def __init__(self):
        self.lines = []
        self.connections = []
        self.made = 0
        self.answer = None
        self.deaf = False
        self.port = None
        self.number = 0
        self.path = None
        self.context = None

    def secure(self, authority):
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        authority.issue_cert("localhost").configure_cert(self.context)

    def serverConnectionForTLS(self, protocol):
        return SSL.Connection(self.context, None)

    def listen(self):
        from twisted.internet import reactor

        factory = self if self.context is None else TLSMemoryBIOFactory(self, False, self, reactor)
        if self.path:
            self.port = reactor.listenUNIX(self.path, factory)
        else:
            self.port = reactor.listenTCP(self.number, factory, interface="127.0.0.1")
            self.number = self.port.getHost().port

    async def die(self):
        """Listen no more, and break everything off."""
        port, self.port = self.port, None
        if port is not None:
            await port.stopListening()
        for connection in list(self.connections):
            connection.transport.abortConnection()

    @property
    def target(self):
        if self.path:
            return Target("unix", path=self.path)
        if self.context is not None:
            return Target("tls", "localhost", self.number)
        return Target("tcp", "127.0.0.1", self.number)


@pytest.fixture
def listener():
    made = Listener()
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.die()))


@pytest.fixture
def forward(listener, real_post):
    from twisted.internet import reactor

    made = []

    def make(tls=None, **settings):
        settings = ForwardSettings(**{"since": ALL, "backoff": 0.02, "longest": 0.1, **settings})
        made.append(
            Forward(
                real_post.channel,
                "peer",
                listener.target,
                reactor=reactor,
                settings=settings,
                tls=tls,
                dead=real_post.dead,
            )
        )
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        pytest_twisted.blockon(each.stop())


def unread(connection):
    """How much `connection` has not read."""
    handle = connection.transport.getHandle()
    return int.from_bytes(fcntl.ioctl(handle.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)


def numbered(count, first=0):
    return [b"%d" % number for number in range(first, first + count)]


def firsts(lines):
    """Each line where it was first."""
    return list(dict.fromkeys(lines))


class TestEveryCarrier:
    @pytest_twisted.ensureDeferred
    async def test_tcp(self, listener, real_post, forward, until):
        listener.listen()
        hook = forward()
        real_post.publish(*numbered(2000))
        await until(lambda: hook.counts.delivered == 2000)
        assert listener.lines == numbered(2000)
        assert len(listener.connections) == 1

    @pytest_twisted.ensureDeferred
    async def test_unix(self, listener, real_post, forward, until, tmp_path):
        listener.path = str(tmp_path / "s")
        listener.listen()
        hook = forward()
        real_post.publish(*numbered(100))
        await until(lambda: hook.counts.delivered == 100)
        assert listener.lines == numbered(100)

    @pytest_twisted.ensureDeferred
    async def test_tls(self, listener, real_post, forward, until, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        listener.secure(authority)
        listener.listen()
        hook = forward(tls=OutgoingTLS("localhost", ca=tmp_path / "ca.pem"))
        real_post.publish(*numbered(2000))
        await until(lambda: hook.counts.delivered == 2000)
        assert listener.lines == numbered(2000)
        # One that ends in good order is found out.
        listener.connections[0].transport.loseConnection()
        await until(lambda: not listener.connections)
        real_post.publish(b"more")
        await until(lambda: hook.counts.delivered == 2001)
        assert firsts(listener.lines) == [*numbered(2000), b"more"]

    @pytest_twisted.ensureDeferred
    async def test_tls_that_nobody_trusts(self, listener, real_post, forward, until):
        listener.secure(trustme.CA())
        listener.listen()
        hook = forward(tries=1)
        real_post.publish(b"secret")
        await until(lambda: hook.counts.failed >= 3)
        assert "not trusted" in hook.counts.error
        assert listener.lines == []
        assert real_post.letters == []


class TestDyingListeners:
    @pytest_twisted.ensureDeferred
    async def test_everything_arrives_in_order(self, listener, real_post, forward, until, told):
        listener.listen()
        hook = forward()
        expected = []
        for turn in range(5):
            some = numbered(200, first=200 * turn)
            expected += some
            real_post.publish(*some)
            await until(lambda turn=turn: len(set(listener.lines)) > 200 * turn)
            await listener.die()
            real_post.publish(b"while it was away %d" % turn)
            expected.append(b"while it was away %d" % turn)
            listener.listen()
        await until(lambda: hook.counts.delivered == len(expected))
        assert firsts(listener.lines) == expected
        assert real_post.letters == []
        assert len(told) <= 2 * 5  # one for each outage, and one for its end

    @pytest_twisted.ensureDeferred
    async def test_one_that_dies_before_it_has_read_everything(self, listener, real_post, forward, until):
        """What it had not read is sent again."""
        listener.deaf = True
        listener.listen()
        hook = forward()
        real_post.publish(*(b"%d " % number + b"x" * 50_000 for number in range(100)))
        await until(lambda: listener.connections)
        listener.deaf = False
        await listener.die()
        listener.listen()
        await until(lambda: hook.counts.delivered == 100)
        assert [int(line.split()[0]) for line in firsts(listener.lines)] == list(range(100))

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize("carrier", ["tcp", "unix"])
    async def test_one_that_shuts_its_side_down_and_dies_before_it_has_read(
        self, listener, real_post, forward, until, carrier, tmp_path
    ):
        """An end of what it says is none of what it has not read yet."""
        listener.deaf = True
        if carrier == "unix":
            listener.path = str(tmp_path / "s")
        listener.listen()
        hook = forward()
        real_post.publish(b"1")
        await until(lambda: listener.connections and unread(listener.connections[0]))
        listener.connections[0].transport.getHandle().shutdown(socket.SHUT_WR)
        listener.deaf = False
        await listener.die()
        listener.listen()
        real_post.publish(b"2")
        await until(lambda: hook.counts.delivered == 2)
        assert listener.lines == [b"1", b"2"]

    @pytest_twisted.ensureDeferred
    async def test_one_that_shuts_its_side_down_and_reads_on(self, listener, real_post, forward, until, told):
        """What comes meanwhile goes over the next connection."""
        listener.deaf = True
        listener.listen()
        hook = forward()
        real_post.publish(b"1")
        await until(lambda: listener.connections and unread(listener.connections[0]))
        listener.deaf = False
        first = listener.connections[0].transport
        first.getHandle().shutdown(socket.SHUT_WR)
        first.resumeProducing()
        real_post.publish(b"2")
        await until(lambda: hook.counts.delivered == 2)
        assert listener.lines == [b"1", b"2"]
        assert (hook.counts.failed, told) == (0, [])

    @pytest_twisted.ensureDeferred
    async def test_one_that_was_never_there(self, listener, real_post, forward, until):
        listener.listen()
        await listener.die()
        hook = forward(tries=1)
        real_post.publish(b"1")
        await until(lambda: hook.counts.failed >= 3)
        listener.listen()
        await until(lambda: hook.counts.delivered == 1)
        assert real_post.letters == []

    @pytest_twisted.ensureDeferred
    async def test_one_that_closes_what_is_idle_has_no_outage(
        self, listener, real_post, forward, until, told
    ):
        listener.listen()
        hook = forward()
        for number in range(3):
            real_post.publish(b"%d" % number)
            await until(lambda number=number: hook.counts.delivered == number + 1)
            listener.connections[0].transport.loseConnection()
            await until(lambda: not listener.connections)
        assert told == []
        assert hook.counts.failed == 0

    @pytest_twisted.ensureDeferred
    @pytest.mark.parametrize("carrier", ["tcp", "unix"])
    async def test_one_that_closes_after_each_message(
        self, listener, real_post, forward, until, carrier, tmp_path, told
    ):
        """Which is no failure: it has read what it was sent."""
        listener.answer = lambda connection, line: connection.close(line)
        if carrier == "unix":
            listener.path = str(tmp_path / "s")
        listener.listen()
        hook = forward(inflight=1, tries=2)
        real_post.publish(*numbered(20))
        await until(lambda: hook.counts.delivered == 20)
        assert listener.lines == numbered(20)
        assert told == []

    @pytest_twisted.ensureDeferred
    async def test_a_message_that_ends_each_connection_is_a_dead_letter(
        self, listener, real_post, forward, until
    ):
        def answer(connection, line):
            if line == b"poison":
                connection.transport.abortConnection()

        listener.answer = answer
        listener.listen()
        hook = forward(tries=3)
        real_post.publish(*numbered(20), b"poison", *numbered(20, first=20))
        await until(lambda: hook.counts.delivered == 40)
        assert [body for body, _ in real_post.letters] == [b"poison"]
        assert firsts(listener.lines) == [*numbered(20), b"poison", *numbered(20, first=20)]
        assert listener.lines.count(b"poison") >= 3

    @pytest_twisted.ensureDeferred
    async def test_one_that_does_not_read(self, listener, real_post, forward, until):
        listener.deaf = True
        listener.listen()
        hook = forward(deadline=0.2, tries=0)
        real_post.publish(*[b"x" * 500_000] * 20)
        await until(lambda: hook.counts.error == "it does not read within 0.2 s")
        listener.deaf = False
        await until(lambda: hook.counts.delivered == 20)


class TestAnswers:
    @pytest_twisted.ensureDeferred
    async def test_what_is_answered_is_passed_on(self, listener, real_post, forward, until):
        waiting = []
        listener.answer = lambda connection, line: waiting.append(connection)
        listener.listen()
        hook = forward(answers=True, inflight=3)
        real_post.publish(*numbered(3))
        await until(lambda: len(waiting) == 3)
        assert hook.counts.delivered == 0
        waiting[0].transport.write(b"OK 1\r\nOK")
        await until(lambda: hook.counts.delivered == 1)
        waiting[0].transport.write(b" 2\nOK 3\nand nobody has asked for this\n")
        await until(lambda: hook.counts.delivered == 3)

    @pytest_twisted.ensureDeferred
    async def test_what_is_not_answered_comes_again(self, listener, real_post, forward, until):
        seen = []

        def answer(connection, line):
            seen.append(line)
            if len(seen) == 2:
                connection.transport.abortConnection()
            else:
                connection.transport.write(b"OK\n")

        listener.answer = answer
        listener.listen()
        hook = forward(answers=True)
        real_post.publish(*numbered(5))
        await until(lambda: hook.counts.delivered == 5)
        assert firsts(seen) == numbered(5)
        assert seen.count(b"1") == 2

    @pytest_twisted.ensureDeferred
    async def test_an_answer_that_does_not_come(self, listener, real_post, forward, until):
        listener.listen()
        hook = forward(answers=True, deadline=0.1, tries=2)
        real_post.publish(b"1")
        await until(lambda: real_post.letters)
        assert real_post.letters[0][1]["error"] == "it does not answer within 0.1 s"
        assert hook.counts.delivered == 0

    @pytest_twisted.ensureDeferred
    async def test_an_answer_that_is_an_error(self, listener, real_post, forward, until):
        listener.answer = self.refusing(b"bad", 2)
        listener.listen()
        hook = forward(answers=True)
        real_post.publish(b"a", b"b", b"bad", b"d", b"e", b"f", b"g")
        await until(lambda: hook.counts.delivered == 7)
        assert listener.lines == [b"a", b"b", b"bad", b"bad", b"bad", b"d", b"e", b"f", b"g"]
        assert hook.counts.error == "ERR no"
        assert (hook.counts.failed, hook.counts.retried) == (2, 2)
        assert listener.made == 1

    @pytest_twisted.ensureDeferred
    async def test_an_answer_that_is_an_error_while_others_are_under_way(
        self, listener, real_post, forward, until
    ):
        listener.answer = self.refusing(b"bad", 2)
        listener.listen()
        hook = forward(answers=True, inflight=16)
        real_post.publish(b"a", b"b", b"bad", b"d", b"e")
        await until(lambda: hook.counts.delivered == 5)
        assert listener.lines == [b"a", b"b", b"bad", b"d", b"e", b"bad", b"bad"]
        assert (hook.counts.failed, hook.counts.retried) == (2, 2)
        assert listener.made == 1

    @pytest_twisted.ensureDeferred
    async def test_one_that_answers_with_an_error_each_time_is_asked_for_is_a_dead_letter(
        self, listener, real_post, forward, until
    ):
        listener.answer = self.refusing(b"bad", 100)
        listener.listen()
        hook = forward(answers=True, tries=3)
        real_post.publish(b"a", b"bad", b"c")
        await until(lambda: hook.counts.delivered == 2)
        ((body, said),) = real_post.letters
        assert (body, said["error"], said["tries"]) == (b"bad", "ERR no", "3")
        assert listener.lines == [b"a", b"bad", b"bad", b"bad", b"c"]

    @staticmethod
    def refusing(body, times):
        seen = []

        def answer(connection, line):
            seen.append(line)
            is_refused = line == body and seen.count(body) <= times
            connection.transport.write(b"ERR no\n" if is_refused else b"OK\n")

        return answer


class TestFraming:
    @pytest_twisted.ensureDeferred
    async def test_what_a_line_cannot_carry_is_sent_as_json(self, listener, real_post, forward, until):
        listener.listen()
        hook = forward()
        real_post.publish(b"two\nlines", b"one")
        await until(lambda: hook.counts.delivered == 2)
        assert json.loads(listener.lines[0])["body"] == "two\nlines"
        assert listener.lines[1] == b"one"

    @pytest_twisted.ensureDeferred
    async def test_all_as_json(self, listener, real_post, forward, until):
        listener.listen()
        hook = forward(format="json")
        real_post.publish(b"one", key="k")
        await until(lambda: hook.counts.delivered == 1)
        assert json.loads(listener.lines[0])["key"] == "k"

    @pytest_twisted.ensureDeferred
    async def test_another_framing(self, listener, real_post, forward, until):
        listener.listen()
        hook = forward(framing=Netstring())
        real_post.publish(b"two\nlines")
        await until(lambda: hook.counts.delivered == 1)
        assert listener.lines == [b"9:two"]


class TestDelivery:
    @pytest_twisted.ensureDeferred
    async def test_to_connect_keeps_the_connection(self, listener, until):
        from twisted.internet import reactor

        listener.listen()
        delivery = StreamDelivery(listener.target, ForwardSettings(), reactor=reactor)
        await delivery.connect()
        await delivery.connect()
        assert (await delivery.send(Message(1, 0, b"1"))).kind == "passed"
        assert len(listener.connections) == 1
        await delivery.close()
        await until(lambda: not listener.connections)

    @pytest_twisted.ensureDeferred
    async def test_broken_off_before_there_is_a_connection(self, listener):
        from twisted.internet import reactor

        listener.listen()
        delivery = StreamDelivery(listener.target, ForwardSettings(), reactor=reactor)
        connecting, sending = delivery.connect(), delivery.send(Message(1, 0, b"1"))
        await delivery.close()
        assert await sending == ("unreachable", "broken off by us", 0.0)
        with pytest.raises(UnreachableError):
            await connecting
