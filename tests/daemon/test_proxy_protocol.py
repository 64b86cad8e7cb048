"""A real daemon behind load balancers that speak the PROXY protocol."""

from __future__ import annotations

import ssl

import pytest

from protocols.proxy_header import ClientTLS, Place, ProxyHeader, encode_v1, encode_v2

FUNCTIONS = """
from protocols.session import Peer

async def who(message: str, peer: Peer) -> str:
    return f"{message} from {peer} {peer.user}"
"""

CONFIG = """
networks:
  balancers: [127.0.0.1, "::1"]
services:
  who:
    listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0, unix:who.sock]
    tls: {certificate: {certificate: tls/localhost.pem, key: tls/localhost.key}}
    accept_proxy: [balancers, unix]
    function: functions:who
  elsewhere:
    listen: tcp://127.0.0.1:0
    accept_proxy: 10.0.0.0/8
    function: functions:who
  web:
    listen: tcp://127.0.0.1:0
    accept_proxy: balancers
    log: json
    http:
      /: {respond: hello}
"""

CLIENT = ProxyHeader(family="inet", source=Place("203.0.113.7", 5000), destination=Place("198.51.100.9", 443))
ALICE = ProxyHeader(
    family="inet6",
    source=Place("2001:db8::7", 5000),
    destination=Place("2001:db8::9", 443),
    tls=ClientTLS("TLSv1.3", 0, True, True, "alice"),
)


@pytest.fixture
def daemon(real_daemon, written):
    return real_daemon(written(CONFIG, FUNCTIONS)).ready()


def test_every_kind_of_stream(daemon, connect, tmp_path):
    for place in (daemon.port("who"), tmp_path / "who.sock"):
        for header, seen in (
            (encode_v1(CLIENT), b"hi from tcp://203.0.113.7:5000 None"),
            (encode_v2(ALICE, checksum=True), b"hi from tls://[2001:db8::7]:5000 alice"),
        ):
            with connect(place) as client:
                assert client.ask(header + b"hi") == seen
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with connect(daemon.port("who", "tls")) as client:
        client.send(encode_v2(CLIENT))
        with context.wrap_socket(client.socket) as encrypted:
            encrypted.sendall(b"hi\n")
            assert encrypted.recv(100) == b"hi from tls://203.0.113.7:5000 None\n"


def test_a_peer_that_ends_its_side_of_tls_is_still_answered(daemon, connect):
    """The stand-in in front of TLS must go on when the stream ends behind the close_notify."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with connect(daemon.port("who", "tls")) as client:
        client.send(encode_v2(CLIENT))
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.send(outgoing.read())
                incoming.write(client.socket.recv(65536))
        tls.write(b"hi\n")
        with pytest.raises(ssl.SSLWantReadError):
            tls.unwrap()
        client.send(outgoing.read())
        client.socket.shutdown(1)
        answer = b""
        while not answer.endswith(b"\n"):
            try:
                answer += tls.read()
            except ssl.SSLWantReadError:
                received = client.socket.recv(65536)
                assert received, "the stream ended before the answer"
                incoming.write(received)
    assert answer == b"hi from tls://203.0.113.7:5000 None\n"


def test_who_says_nothing_of_the_kind_is_closed(daemon, connect):
    with connect(daemon.port("who")) as client:
        client.send(b"hi\n")
        assert client.rest() == b""


def test_from_elsewhere_a_header_is_a_message(daemon, connect):
    with connect(daemon.port("elsewhere")) as client:
        line = encode_v1(CLIENT).strip()
        port = client.socket.getsockname()[1]
        assert client.ask(line) == line + f" from tcp://127.0.0.1:{port} None".encode()


def test_the_access_log_knows_the_client(daemon, connect):
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connect(daemon.port("web")) as client:
        client.send(encode_v2(ALICE) + request)
        assert client.rest().endswith(b"hello")
    daemon.expect('"peer": "2001:db8::7", "user": "alice",.* "scheme": "https"')


def test_a_stop_does_not_wait_for_headers(daemon, connect):
    with connect(daemon.port("who")) as client:
        client.send(b"PROXY ")
        assert daemon.stop() == 0
        assert client.rest() == b""
