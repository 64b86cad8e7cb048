from __future__ import annotations

import contextlib
import gc
import ssl
import weakref

import pytest
import trustme
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from protocols.framing import Lines
from protocols.guard import ServerTLS, TLSFactory
from protocols.guard.tls import TLSFileError
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.stand_in import StandIn
from protocols.stream import StreamFactory
from protocols.stream_limits import CLOSE_NOTIFY


class TCPTransport(StringTransport):
    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        assert enabled


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def pem(authority, tmp_path_factory):
    """A file with a certificate for 127.0.0.1, the chain, and the key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(path)
    return path


@pytest.fixture
def client(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def shake_hands(server: ServerTLS, client: ssl.SSLContext) -> ssl.SSLObject:
    """Both sides of a handshake in memory: the client's end of it.  Raises what the client sees."""
    ours = SSL.Connection(server.table.default.context, None)
    ours.set_accept_state()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    for _ in range(10):
        try:
            theirs.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            done = False
        if outgoing.pending:
            ours.bio_write(outgoing.read())
        with contextlib.suppress(SSL.Error):
            ours.do_handshake()
        with contextlib.suppress(SSL.WantReadError):
            incoming.write(ours.bio_read(65_536))
        if done:
            return theirs
    raise AssertionError("the handshake does not end")


def test_newest_version_and_a_good_cipher(pem, client):
    end = shake_hands(ServerTLS.of(pem, pem), client)
    assert end.version() == "TLSv1.3"


def test_tls_1_2_has_forward_secrecy_and_authenticated_encryption(pem, client):
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    end = shake_hands(ServerTLS.of(pem, pem), client)
    assert end.version() == "TLSv1.2"
    assert end.cipher()[0].startswith("ECDHE-")
    assert "GCM" in end.cipher()[0] or "CHACHA20" in end.cipher()[0]


def test_old_ciphers_are_refused(pem, client):
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
        shake_hands(ServerTLS.of(pem, pem), client)


def test_tls_1_1_is_refused(pem, client):
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        client.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        shake_hands(ServerTLS.of(pem, pem), client)


@pytest.mark.parametrize(
    ("named", "offered", "chosen"),
    [
        ([], ["http/1.1", "h2"], None),
        ([b"http/1.1"], ["h2", "http/1.1"], "http/1.1"),
        ([b"h2", b"http/1.1"], ["http/1.1", "h2"], "h2"),
        ([b"http/1.1"], [], None),
    ],
)
def test_alpn(pem, client, named, offered, chosen):
    if offered:
        client.set_alpn_protocols(offered)
    assert shake_hands(ServerTLS.of(pem, pem, named), client).selected_alpn_protocol() == chosen


@pytest.mark.parametrize("offered", ["imap", "acme-tls/1"])
def test_alpn_without_a_protocol_that_both_speak(pem, client, offered):
    client.set_alpn_protocols([offered])
    with pytest.raises(ssl.SSLError, match="alert no application protocol"):
        shake_hands(ServerTLS.of(pem, pem, [b"h2", b"http/1.1"]), client)


def test_key_of_another_certificate(pem, authority, tmp_path):
    other = tmp_path / "other.key"
    authority.issue_cert("127.0.0.2").private_key_pem.write_to_path(other)
    with pytest.raises(TLSFileError):
        ServerTLS.of(pem, other)


def test_file_without_certificate(pem, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(TLSFileError):
        ServerTLS.of(empty, pem)


class Client:
    """A peer in memory, whose messages are carried by hand, and the service it talks to."""

    def __init__(self, server: ServerTLS, inner: Factory) -> None:
        factory = TLSFactory(server, inner, journal=Journal("tested"), clock=Clock())
        self.protocol = factory.buildProtocol(None)
        self.transport = TCPTransport()
        self.protocol.makeConnection(self.transport)
        self.end = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        self.end.set_connect_state()
        for _ in range(2):
            with contextlib.suppress(SSL.WantReadError):
                self.end.do_handshake()
            self.carry()

    def carry(self) -> None:
        """What the client has written to the service, and what that has answered to the client."""
        with contextlib.suppress(SSL.WantReadError):
            self.protocol.dataReceived(self.end.bio_read(65_536))
        if self.transport.value():
            self.end.bio_write(self.transport.value())
            self.transport.clear()

    def finish(self, message: bytes) -> None:
        """Send the last `message` together with the close_notify."""
        self.end.send(message)
        self.end.shutdown()
        self.carry()


@pytest.fixture
def slow():
    """A factory whose function answers when told to; the calls that wait, by message."""
    calls: dict[bytes, Deferred[bytes]] = {}

    async def answer(message: bytes) -> bytes:
        calls[message] = Deferred()
        return await calls[message]

    handler = FunctionHandler(answer, reactor=reactor)
    yield StreamFactory(handler, Lines(), journal=Journal("tested"), clock=reactor), calls
    handler.stop()


def test_reply_that_is_owed_when_close_notify_comes_is_sent_before_ours(pem, slow):
    factory, calls = slow
    client = Client(ServerTLS.of(pem, pem), factory)
    client.finish(b"x\n")
    assert not client.transport.disconnecting
    with pytest.raises(SSL.WantReadError):
        client.end.recv(100)
    calls[b"x"].callback(b"reply")
    client.carry()
    assert client.end.recv(100) == b"reply\n"
    with pytest.raises(SSL.ZeroReturnError):
        client.end.recv(100)
    assert client.transport.disconnecting
    client.protocol.connectionLost(Failure(ConnectionDone()))


def test_call_is_cancelled_when_the_connection_is_lost_after_close_notify(pem, slow):
    factory, calls = slow
    client = Client(ServerTLS.of(pem, pem), factory)
    client.finish(b"x\n")
    assert not calls[b"x"].called
    client.protocol.connectionLost(Failure(ConnectionLost()))
    assert calls[b"x"].called


def test_end_of_the_tcp_stream_matters_before_close_notify_only(pem, slow):
    factory, calls = slow
    client = Client(ServerTLS.of(pem, pem), factory)
    assert not IHalfCloseableProtocol.providedBy(client.protocol)
    client.finish(b"x\n")
    IHalfCloseableProtocol(client.protocol).readConnectionLost()
    calls[b"x"].callback(b"reply")
    client.carry()
    assert client.end.recv(100) == b"reply\n"
    client.protocol.connectionLost(Failure(ConnectionDone()))


def test_what_stands_in_front_hears_of_the_end_too(pem, slow):
    factory, calls = slow
    client, gate = Client(ServerTLS.of(pem, pem), factory), StandIn()
    client.transport.protocol = gate
    gate.stand_for(client.protocol)
    assert not IHalfCloseableProtocol.providedBy(gate)
    client.finish(b"x\n")
    IHalfCloseableProtocol(gate).readConnectionLost()
    calls[b"x"].callback(b"reply")
    client.carry()
    assert client.end.recv(100) == b"reply\n"
    client.protocol.connectionLost(Failure(ConnectionDone()))


def test_who_stands_in_between_goes_on_hearing(pem, slow):
    """Limits count a connection until they hear of its end, whoever stands in front of them."""

    class Counting(StandIn):
        gone = False

        def connectionLost(self, reason):
            self.gone = True
            super().connectionLost(reason)

    factory, _ = slow
    client, outer, between = Client(ServerTLS.of(pem, pem), factory), StandIn(), Counting()
    client.transport.protocol = outer
    outer.stand_for(between)
    between.stand_for(client.protocol)
    client.finish(b"x\n")
    assert IHalfCloseableProtocol.providedBy(outer)
    outer.connectionLost(Failure(ConnectionDone()))
    assert between.gone


@pytest.fixture
def answering(clock):
    """A factory whose function answers each line with what it says, times 50,000 for ``many``."""

    def answer(message: bytes) -> bytes:
        return b"x" * 50_000 if message == b"many" else message

    handler = FunctionHandler(answer, reactor=clock, run="loop")
    return StreamFactory(handler, Lines(), journal=Journal("tested"), clock=clock)


def encrypted(client: Client, *messages: bytes) -> bytes:
    """A record for each message."""
    for message in messages:
        client.end.send(message)
    return client.end.bio_read(65_536)


def test_records_of_one_read_and_of_several(pem, answering):
    client = Client(ServerTLS.of(pem, pem), answering)
    stream = encrypted(client, b"a\n", b"b\nc", b"\n")
    for piece in (stream[:7], stream[7:-3], stream[-3:]):
        client.protocol.dataReceived(piece)
    client.carry()
    assert [client.end.recv(100) for _ in range(3)] == [b"a\n", b"b\n", b"c\n"]


def test_large_replies_leave_in_full_records(pem, answering):
    client = Client(ServerTLS.of(pem, pem), answering)
    client.protocol.dataReceived(encrypted(client, b"many\n"))
    sent, sizes = client.transport.value(), []
    while sent:
        size = int.from_bytes(sent[3:5], "big")
        sizes.append(size)
        sent = sent[5 + size :]
    assert len(sizes) == 4
    assert min(sizes[:3]) > 2**14
    client.carry()
    received = b"".join(client.end.recv(2**14) for _ in sizes)
    assert received == b"x" * 50_000 + b"\n"


@pytest.mark.parametrize("question", [b"few", b"many"])
def test_a_peer_that_asked_for_short_records_gets_everything(pem, answering, question):
    client = Client(ServerTLS.of(pem, pem), answering)
    tls = client.protocol.getHandle()
    whole = tls.send
    # What OpenSSL does after max_fragment_length (RFC 6066, section 4).
    tls.send = lambda data: whole(data[:2])
    client.protocol.dataReceived(encrypted(client, question + b"\n"))
    client.carry()
    expected = (b"few" if question == b"few" else b"x" * 50_000) + b"\n"
    received = b""
    while len(received) < len(expected):
        received += client.end.recv(2**14)
    assert received == expected


def test_writing_nothing_is_nothing(pem, answering):
    client = Client(ServerTLS.of(pem, pem), answering)
    client.protocol.write(b"")
    client.protocol.dataReceived(encrypted(client, b"still here\n"))
    client.carry()
    assert client.end.recv(100) == b"still here\n"


def test_a_record_that_was_changed_ends_the_connection(pem, answering):
    client = Client(ServerTLS.of(pem, pem), answering)
    stream = bytearray(encrypted(client, b"good\n", b"evil\n"))
    stream[-1] ^= 1
    client.protocol.dataReceived(bytes(stream))
    client.carry()
    assert client.end.recv(100) == b"good\n"
    assert client.transport.disconnecting
    client.protocol.connectionLost(Failure(ConnectionDone()))
    assert len(answering.open) == 0


def test_peer_that_never_answers_our_close_notify_is_given_up(pem, clock):
    handler = FunctionHandler(lambda message: message, reactor=clock, run="loop")
    factory = StreamFactory(handler, Lines(), journal=Journal("tested"), clock=clock)
    client = Client(ServerTLS.of(pem, pem), factory)
    (connection,) = factory.open
    connection.close()
    clock.advance(CLOSE_NOTIFY - 1)
    assert not client.transport.disconnected
    clock.advance(1)
    assert client.transport.disconnected
    client.protocol.connectionLost(Failure(ConnectionLost()))
    assert clock.getDelayedCalls() == []


def test_close_notify_closes_a_protocol_that_knows_no_half_close(pem):
    client = Client(ServerTLS.of(pem, pem), Factory.forProtocol(Protocol))
    client.finish(b"x\n")
    with pytest.raises(SSL.ZeroReturnError):
        client.end.recv(100)
    assert client.transport.disconnecting
    client.protocol.connectionLost(Failure(ConnectionDone()))


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [
        ("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ],
)
def test_who_chooses_the_cipher(pem, client, preferred, chosen):
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(preferred)
    assert shake_hands(ServerTLS.of(pem, pem), client).cipher()[0] == chosen


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n"])
def test_a_failed_handshake_leaves_nothing_for_the_garbage_collector(pem, said):
    # OpenSSL's part of a connection is some dozens of kilobytes, which peers could pile up.
    factory = TLSFactory(ServerTLS.of(pem, pem), Factory(), journal=Journal("tested"), clock=Clock())
    connection = factory.buildProtocol(None)
    gone = weakref.ref(connection)
    gc.disable()
    try:
        connection.makeConnection(StringTransport())
        if said:
            connection.dataReceived(said)
        connection.connectionLost(Failure(ConnectionLost()))
        del connection
        assert gone() is None
    finally:
        gc.enable()
