"""One stream that is passed on by the kernel."""

from __future__ import annotations

import errno
import os
import random
import socket
import struct

import pytest

from protocols.handlers.forward import Backend, Target

LARGE = random.Random(1).randbytes(20_000_000)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def both_ways(it):
    """Send much from both sides at once, whole."""
    client, target = it.pair()
    rest = {client: memoryview(LARGE), target: memoryview(LARGE)}
    got = {client: bytearray(), target: bytearray()}
    while any(len(data) < len(LARGE) for data in got.values()):
        moved = 0
        for each in (client, target):
            try:
                sent = each.send(rest[each])
                rest[each] = rest[each][sent:]
                moved += sent
            except BlockingIOError:
                pass
            try:
                data = each.recv(1_000_000)
                got[each] += data
                moved += len(data)
            except BlockingIOError:
                pass
        assert it.reactor.turn(0.0 if moved else 5.0) or moved
    assert got[client] == LARGE
    assert got[target] == LARGE
    return client, target


def test_all_bytes_both_ways_and_they_are_counted(relaying, reactor):
    it = relaying()
    client, target = both_ways(it)
    client.close()
    target.close()
    reactor.settle()
    [record] = it.records
    assert (record.received, record.sent, record.reason) == (len(LARGE), len(LARGE), "")
    counts = it.factory.journal.counts
    assert (counts.bytes_in, counts.bytes_out) == (len(LARGE), len(LARGE))
    assert it.factory.open_connections == it.backends[0].connections == 0
    assert (reactor.readers, reactor.writers, reactor.getDelayedCalls()) == ({}, {}, [])


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_without_splice(relaying, monkeypatch, number):
    def splice(*arguments, **settings):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "splice", splice)
    it = relaying()
    both_ways(it)
    assert not it.forward.pipes.works


def test_a_pipe_that_the_sink_cannot_read_is_emptied_by_hand(relaying, monkeypatch):
    into, calls = os.splice, []

    def splice(source, sink, *arguments, **settings):
        if len(calls) % 2:  # out of the pipe
            calls.append(source)
            raise OSError(errno.EINVAL, "")
        calls.append(source)
        return into(source, sink, *arguments, **settings)

    monkeypatch.setattr(os, "splice", splice)
    it = relaying()
    client, target = it.pair()
    client.setblocking(True)
    target.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    client.send(LARGE[:150_000])
    assert it.received(target, 150_000) == LARGE[:150_000]


def test_no_descriptors_for_a_pipe(relaying, monkeypatch):
    def pipe2(flags):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe2", pipe2)
    both_ways(relaying())


def test_the_end_of_each_side_is_passed_on_by_itself(relaying, reactor):
    it = relaying()
    client, target = it.pair()
    client.send(b"last")
    client.shutdown(socket.SHUT_WR)
    assert it.received(target, 9) == b"last"
    target.send(LARGE[:1_000_000])
    assert it.received(client, 1_000_000) == LARGE[:1_000_000]
    assert it.factory.open_connections == 1
    target.shutdown(socket.SHUT_WR)
    assert it.received(client, 1) == b""
    reactor.settle()
    assert it.factory.open_connections == 0


def test_the_end_of_the_target_is_passed_on_and_the_client_goes_on(relaying, reactor):
    it = relaying()
    client, target = it.pair()
    target.shutdown(socket.SHUT_WR)
    assert it.received(client, 1) == b""
    client.send(b"more")
    assert it.received(target, 4) == b"more"
    client.close()
    reactor.settle()
    assert it.factory.open_connections == 0


def test_who_reads_slowly_holds_the_other_back(relaying, reactor):
    it = relaying()
    client, target = it.pair()
    sent = it.fill(client)
    [relay] = [each._holder for each in it.factory.open]
    kept = [flow.size - flow.gone for flow in relay._flows]
    assert 0 < kept[0] <= 1_048_576
    assert it.fill(client) == 0
    client.shutdown(socket.SHUT_WR)
    assert len(it.received(target, sent + 1)) == sent


@pytest.mark.parametrize("who", [0, 1])
def test_a_reset_is_passed_on_as_a_reset(relaying, reactor, who):
    it = relaying()
    both = it.pair()
    reset(both[who])
    reactor.settle()
    with pytest.raises(ConnectionResetError):
        both[1 - who].recv(1)
    assert "reset" in it.records[0].reason


def test_a_target_that_dies_while_its_client_reads_nothing(relaying, reactor):
    it = relaying()
    client, target = it.pair()
    it.fill(target)
    reset(target)
    client.send(b"x")
    reactor.settle()
    assert it.factory.open_connections == 0 or it.records == []
    with pytest.raises(ConnectionResetError):
        it.received(client, 1 << 30)


def test_who_the_client_is_comes_first(relaying):
    it = relaying(header=lambda handed: f"{handed.peer} {handed.local}\r\n".encode())
    client = it.client()
    client.send(b"hello")
    target = it.target()
    expected = b"tcp://192.0.2.1:4000 ('192.0.2.5', 25)\r\nhello"
    assert it.received(target, len(expected)) == expected
    client.close()
    target.close()
    it.reactor.settle()
    assert it.records[0].received == 5


def test_another_target_is_tried_and_one_that_is_down_is_left_out(relaying, reactor):
    it = relaying(count=2)
    it.listening[0].close()
    for _ in range(6):
        client = it.client()
        reactor.settle()
        target = it.target(1)
        client.send(b"x")
        assert it.received(target, 1) == b"x"
    first, second = it.backends
    assert (first.health.is_up, first.health.failures) == (False, 3)
    assert (first.connections, second.connections) == (0, 6)


def test_all_are_down(relaying, reactor):
    it = relaying(count=2)
    for each in it.listening:
        each.close()
    clients = [it.client() for _ in range(4)]
    reactor.settle()
    assert [each.recv(1) for each in clients] == [b""] * 4
    assert [backend.health.failures for backend in it.backends] == [4, 4]
    assert it.factory.open_connections == 0


def test_a_client_that_has_left_while_the_target_was_connected(relaying, reactor, monkeypatch):
    it = relaying()
    monkeypatch.setattr(socket.socket, "connect_ex", lambda sock, place: errno.EINPROGRESS)
    monkeypatch.setattr(reactor, "addWriter", lambda writer: None)  # it never comes about
    client = it.client()
    client.close()
    reactor.settle()
    reactor.advance(10)
    reactor.settle()
    assert it.factory.open_connections == it.backends[0].connections == 0
    assert it.backends[0].health.failures == 1


def test_who_breaks_off_at_once(relaying, reactor):
    it = relaying()
    reset(it.client())
    reactor.settle()
    with pytest.raises(ConnectionResetError):
        it.target().recv(1)
    assert it.factory.open_connections == 0


def test_silence(relaying, reactor):
    it = relaying(idle=300.0, first_byte=30.0)
    silent, _ = it.pair()
    client, target = it.pair()
    reactor.advance(29)
    client.send(b"x")
    assert it.received(target, 1) == b"x"
    reactor.advance(1)
    reactor.settle()
    assert silent.recv(1) == b""
    [handed] = it.factory.open
    assert handed.idle == 1.0
    reactor.advance(298)
    assert it.factory.open_connections == 1
    reactor.advance(1)
    reactor.settle()
    assert client.recv(1) == b""
    assert it.factory.open_connections == 0


def test_a_service_that_ends_tells_the_target(relaying, reactor):
    it = relaying()
    client, target = it.pair()
    gone = it.factory.drain()
    assert it.received(target, 1) == b""
    target.send(b"answer")
    target.close()
    assert it.received(client, 9) == b"answer"
    reactor.settle()
    assert gone.called


@pytest.fixture
def over_unix(relaying, tmp_path):
    it = relaying()
    it.forward.balance.backends = (Backend(Target("unix", path=str(tmp_path / "here")), "db"),)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "here"))
        listening.listen()
        it.listening.append(listening.dup())
        yield it


def test_unix_sockets(over_unix, reactor):
    client = over_unix.client()
    target = over_unix.target(1)
    client.send(b"question")
    assert over_unix.received(target, 8) == b"question"
    target.setblocking(True)
    target.sendall(LARGE[:100_000])
    target.close()
    assert over_unix.received(client, 200_000) == LARGE[:100_000]


def test_what_was_said_before_a_unix_socket_was_closed_is_heard(over_unix, reactor):
    client = over_unix.client()
    target = over_unix.target(1)
    said = over_unix.fill(target)
    target.close()
    client.send(b"nobody reads this")
    reactor.settle()
    assert len(over_unix.received(client, said + 1)) == said
    client.close()
    reactor.settle()
    assert over_unix.factory.open_connections == 0


def test_what_happens_to_a_socket_of_the_same_number_is_of_no_concern(relaying, reactor):
    """The reactor may have an event of one that is closed already."""
    it = relaying()
    client, target = it.pair()
    for watched in list(reactor.readers.values()):
        reactor.removeReader(watched)
        watched.connectionLost()
    client.send(b"question")
    assert it.received(target, 8) == b"question"
    target.send(b"answer")
    assert it.received(client, 6) == b"answer"


def test_a_connection_that_takes_its_time(relaying, reactor, monkeypatch):
    it = relaying()
    connect, asked = socket.socket.connect_ex, []

    def connect_ex(sock, place):
        asked.append(place)
        return errno.EINPROGRESS if len(asked) < 5 else connect(sock, place)

    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    client = it.client()
    client.send(b"question")
    reactor.settle()
    assert it.received(it.target(), 8) == b"question"


def test_a_connection_that_is_refused_later(relaying, reactor, monkeypatch):
    it = relaying(count=2)
    it.listening[0].close()
    connect, asked = socket.socket.connect_ex, []

    def connect_ex(sock, place):
        asked.append(place)
        return errno.EINPROGRESS if len(asked) < 3 else connect(sock, place)

    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    client = it.client()
    client.send(b"question")
    reactor.settle()
    assert it.received(it.target(1), 8) == b"question"
