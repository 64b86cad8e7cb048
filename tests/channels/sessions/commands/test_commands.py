"""Commands over lines."""

from __future__ import annotations

import json

import pytest
from twisted.internet.defer import Deferred

from protocols.channels.errors import UnavailableError
from protocols.channels.message import Entry
from protocols.channels.sessions import CommandsHandler
from protocols.channels.sessions.commands.handler import SUBSCRIPTIONS
from protocols.channels.sessions.commands.help_text import HELP
from protocols.channels.store import Claim
from protocols.framing import Length


@pytest.fixture
def service(serve, channel, slow):
    return serve(CommandsHandler({"readings": channel, "slow": slow}), idle=60)


@pytest.fixture
def peer(service):
    return service.connect()


@pytest.fixture
def say(peer, clock):
    """Says lines, and gives what has come since the last time."""
    read = 0

    def say(*lines: str) -> list[str]:
        nonlocal read
        if lines:
            peer.send("".join(f"{line}\n" for line in lines).encode())
        clock.advance(0)
        new = peer.received[read:].decode()
        read = len(peer.received)
        return new.splitlines()

    return say


class TestPublishing:
    def test_it_is_answered_by_the_seq(self, say, channel, bodies):
        assert say("PUB readings a", "pub readings key=k b c") == ["OK 1", "OK 2"]
        assert bodies(channel) == [b"a", b"b c"]
        message = channel.store._log.get(2)
        assert (message.key, message.sender[:6]) == ("k", "tcp://"[:6])

    def test_an_id_that_is_known(self, say, channel, bodies):
        assert say("PUB readings id=x a", "PUB readings id=x a") == ["OK 1", "OK 1 again"]
        assert bodies(channel) == [b"a"]

    def test_a_type(self, say, channel):
        (error,) = say("PUB readings type=application/json {")
        assert error.startswith("ERR the body is said to be JSON, and is none")

    def test_what_is_refused(self, say, service, peer):
        assert say("PUB readings bad", "PUB readings a") == ["ERR no 'bad' here", "OK 1"]
        assert service.counts.rejected == 1
        assert not peer.closing

    def test_a_channel_that_is_not_there(self, say):
        assert say("PUB reading a") == ["ERR there is no channel 'reading'; did you mean readings?"]

    def test_everything_is_answered_in_order(self, say, slow):
        assert say("PUB slow a", "PUB readings b", "PING", "nonsense", "", "PUB slow c") == []
        slow.store.commit()
        assert say() == ["OK 1", "OK 1", "PONG", "ERR there is no command nonsense; try HELP"]
        slow.store.fail(UnavailableError("it is full"))
        assert say() == ["ERR it is full"]

    def test_any_other_failure_closes_the_connection(self, say, slow, peer, failures):
        say("PUB slow a")
        slow.store.fail(LookupError())
        assert peer.closing
        failures.take(LookupError)


class TestReading:
    def test_what_comes_is_sent(self, say):
        assert say("SUB readings") == ["OK"]
        assert say("PUB readings a", "PUB readings b") == [
            "OK 1",
            "OK 2",
            "MSG readings 1 a",
            "MSG readings 2 b",
        ]

    def test_what_is_past(self, say):
        say("PUB readings a", "PUB readings key=k b", "PUB readings c")
        assert say("SUB readings since=all key=k") == ["OK", "MSG readings 2 b"]
        assert say("PUB readings key=k d") == ["OK 4", "MSG readings 4 d"]

    def test_json(self, say):
        say("SUB readings format=json")
        _, line = say("PUB readings key=k a")
        word, name, text = line.split(" ", 2)
        assert (word, name) == ("JSON", "readings")
        assert {**json.loads(text), "from": ""} == {"seq": 1, "time": 0, "key": "k", "body": "a", "from": ""}

    def test_a_body_that_a_line_cannot_carry(self, say, channel):
        say("SUB readings")
        channel.publish([Entry(b"a\nb"), Entry(b"c")])
        assert say() == ['JSON readings {"seq":1,"time":0,"body":"a\\nb"}', "MSG readings 2 c"]

    def test_nothing_comes_before_the_ok(self, say, slow, channel):
        channel.publish([Entry(b"a")])
        assert say("PUB slow x", "SUB readings since=all") == []
        channel.publish([Entry(b"b")])
        assert say() == []
        slow.store.commit()
        assert say() == ["OK 1", "OK", "MSG readings 1 a", "MSG readings 2 b"]

    def test_a_place_that_has_to_be_looked_for(self, say, channel):
        place: Deferred[int] = Deferred()
        channel.store.seq_before = lambda time: place
        channel.publish([Entry(b"a"), Entry(b"b")])
        assert say("SUB readings since=2h", "PING") == []
        place.callback(1)
        assert say() == ["OK", "MSG readings 2 b", "PONG"]

    @pytest.mark.parametrize("found", [True, False])
    def test_unsub_before_the_place_is_found(self, say, channel, found):
        place: Deferred[int] = Deferred()
        channel.store.seq_before = lambda time: place
        channel.publish([Entry(b"a")])
        assert say("SUB readings since=2h", "UNSUB readings") == []
        if found:
            place.callback(0)
            assert say() == ["OK", "OK"]
        else:
            place.errback(UnavailableError("no"))
            assert say() == ["ERR no", "OK"]
        assert channel.subscribers == 0

    def test_unsub(self, say, channel):
        say("SUB readings")
        assert say("UNSUB readings", "PUB readings a") == ["OK", "OK 1"]
        assert channel.subscribers == 0
        assert say("UNSUB readings") == ["ERR you do not read readings"]

    def test_once_only(self, say):
        say("SUB readings")
        assert say("SUB readings") == ["ERR you read readings already"]

    def test_too_many(self, serve, make):
        channels = {f"c{n}": make(f"c{n}") for n in range(SUBSCRIPTIONS + 1)}
        peer = serve(CommandsHandler(channels)).connect()
        peer.send(b"".join(b"SUB c%d\n" % n for n in range(SUBSCRIPTIONS + 1)))
        assert peer.received == b"OK\n" * SUBSCRIPTIONS + b"ERR you read 64 channels already\n"

    def test_too_many_readers(self, serve, make):
        service = serve(CommandsHandler({"c": make("c", subscribers=0)}))
        peer = service.connect()
        peer.send(b"SUB c\nSUB c\n")
        assert peer.received == b"ERR 0 subscribers read it already\n" * 2

    def test_missed(self, serve, make, clock):
        channel = make("c", lag=100)
        peer = serve(CommandsHandler({"c": channel})).connect()
        peer.send(b"SUB c\n")
        channel.publish([Entry(b"x" * 70_000)])
        clock.advance(0)
        for _ in range(200):
            channel.publish([Entry(b"a")])
            clock.advance(0)
        peer.transport.peer_reads()
        clock.advance(0)
        lines = peer.received.splitlines()
        assert lines[2].startswith(b"MISSED c ")
        assert lines[-1] == b"MSG c 201 a"

    def test_the_end_of_a_channel(self, say, channel, peer):
        say("SUB readings")
        channel.close()
        assert say() == ["END readings the channel is closed"]
        assert say("PING", "UNSUB readings") == ["PONG", "ERR you do not read readings"]

    def test_a_reader_is_not_idle_and_others_are(self, service, clock):
        reader, other = service.connect(), service.connect()
        reader.send(b"SUB readings\n")
        other.send(b"PING\n")
        clock.advance(59)
        clock.advance(2)
        assert (reader.closing, other.closing) == (False, True)


class TestGroups:
    def test_messages_are_answered_by_their_seq(self, say, group):
        assert say("SUB readings group=billing") == ["OK"]
        group.claim(b"a", b"b", b"c", tries=2)
        assert say() == ["MSG readings 1 2 a", "MSG readings 2 2 b", "MSG readings 3 2 c"]
        assert say("ACK readings 3 1", "NAK readings 2 delay=5s no such account") == ["OK", "OK"]
        assert group.calls == ["join", ("settle", 3, 1), ("give back", 2, "no such account", 5.0)]

    def test_what_is_somebody_else_s(self, say, group, peer):
        say("SUB readings group=billing")
        group.strange = {2, 3}
        assert say("ACK readings 1 2", "ACK readings 2 1 3", "NAK readings 2", "ACK readings 1") == [
            "ERR 2 is not yours",
            "ERR 2, 3 are not yours",
            "ERR 2 is not yours",
            "OK",
        ]
        assert group.calls[1] == ("settle", 1, 2)

    def test_a_lot_that_is_somebody_else_s(self, say, group, peer):
        say("SUB readings group=billing")
        group.strange = set(range(1, 1001))
        (line,) = say("ACK readings " + " ".join(map(str, range(1, 1001))))
        assert line.endswith(" 15, 16, … are not yours")

    def test_json(self, say, group):
        say("SUB readings group=billing format=json")
        group.claim(b"a")
        assert say() == ['JSON readings {"tries":1,"seq":1,"time":0,"body":"a"}']

    def test_a_body_that_a_line_cannot_carry(self, say, group):
        say("SUB readings group=billing")
        group.claim(b"a\nb")
        assert say() == ['JSON readings {"tries":1,"seq":1,"time":0,"body":"a\\nb"}']

    def test_what_cannot_be_carried_at_all_is_given_back(self, serve, channel, group):
        peer = serve(CommandsHandler({"readings": channel}), Length(size=1)).connect()
        group.at_once = [Claim(_message(channel, b"x" * 300), 1)]
        peer.send(b"\x1aSUB readings group=billing")
        assert peer.received == b"\2OK"
        assert group.calls[1][:2] == ("give back", 1)

    def test_nobody_joins_before_the_ok(self, say, group, slow):
        say("PUB slow x", "SUB readings group=billing")
        assert group.calls == []
        assert say("ACK readings 1") == []
        slow.store.commit()
        assert say() == ["OK 1", "OK", "ERR you do not read readings as a member of a group"]
        assert group.calls == ["join"]

    @pytest.mark.parametrize("end", ["UNSUB readings", "QUIT", None])
    def test_it_leaves(self, say, peer, group, end):
        say("SUB readings group=billing")
        say(end) if end else peer.leave()
        assert group.calls == ["join", "leave"]

    def test_a_group_that_is_not_there(self, say, group):
        assert say("SUB readings group=biling") == [
            "ERR readings has no group 'biling'; did you mean billing?"
        ]

    def test_the_end_of_a_group(self, say, group):
        say("SUB readings group=billing")
        group.member.cut_off("the channel is closed")
        assert say("SUB readings") == ["END readings the channel is closed", "OK"]
        assert group.calls == ["join"]

    def test_a_group_that_is_closed(self, say, group):
        group.is_closed = True
        assert say("SUB readings group=billing", "PING") == [
            "OK",
            "END readings the channel is closed",
            "PONG",
        ]

    def test_a_channel_that_is_not_read_by_a_group(self, say):
        say("SUB readings")
        assert say("ACK readings 1") == ["ERR you do not read readings as a member of a group"]


class TestEnds:
    def test_help(self, say):
        assert say("help") == [*(line.decode() for line in HELP), "OK"]

    def test_quit_waits_for_what_is_owed(self, say, peer, slow, channel):
        say("SUB readings", "PUB slow a")
        assert say("QUIT", "PING") == []
        assert not peer.closing
        assert channel.subscribers == 0
        slow.store.commit()
        assert say() == ["OK 1", "OK"]
        assert peer.closing

    def test_the_end_of_the_peer_waits_for_what_is_owed(self, say, peer, slow):
        say("PUB slow a")
        peer.shut_down()
        assert not peer.closing
        slow.store.commit()
        assert say() == ["OK 1"]
        assert peer.closing

    def test_a_peer_that_leaves(self, say, peer, channel, slow):
        say("SUB readings", "PUB slow a")
        peer.leave()
        slow.store.commit()
        assert channel.subscribers == 0

    def test_nothing_else_closes_it(self, say, peer):
        say(*("\x00", "PUB", "SUB", "ACK", "NAK", "UNSUB x", "PUB readings key=%", "SUB readings since=x"))
        assert say("PING") == ["PONG"]
        assert not peer.closing


class TestSlowPeers:
    def test_one_that_does_not_read_loses_nothing(self, say, peer, channel, clock):
        say("SUB readings")
        for n in range(300):
            channel.publish([Entry(b"%d" % n + b"x" * 1000)])
            clock.advance(0)
        assert peer.transport.unread < 70_000
        for _ in range(20):
            peer.transport.peer_reads()
            clock.advance(0)
        assert peer.received.count(b"MSG readings ") == 300

    def test_a_subscription_of_one_that_does_not_read_begins_when_it_does(
        self, say, peer, channel, slow, clock
    ):
        channel.publish([Entry(b"a")])
        place: Deferred[int] = Deferred()
        channel.store.seq_before = lambda time: place
        say("SUB readings since=2h")
        peer.connection.pauseProducing()
        place.callback(0)
        assert say() == []
        assert channel.counts.delivered == 0
        peer.connection.resumeProducing()
        assert say() == ["OK", "MSG readings 1 a"]


def _message(channel, body):
    channel.store._log.append([Entry(body)], 0)
    return channel.store._log.get(1)
