"""Real daemons that pass on what they get, one behind the other."""

from __future__ import annotations

import socket
import ssl
import struct

import pytest
import trustme
from websockets.sync.client import connect as websocket

from protocols.proxy_header import ClientTLS, HeaderReader, Place

FUNCTIONS = """
from protocols.handlers import Conversation
from protocols.session import Peer

async def who(message: str, peer: Peer) -> str:
    name = peer.certificate.subject if peer.certificate else None
    return f"{message} from {peer} {peer.user} {name}"

async def shout(message: str) -> str:
    return message.upper()

async def total(connection: Conversation):
    size = 0
    async for message in connection:
        size += len(message)
    await connection.send(str(size).encode())

async def flood(message: str):
    for _ in range(int(message)):
        yield b"x" * 1000
"""

BEHIND = """
services:
  who:
    listen: [tcp://127.0.0.1:0, unix:who.sock]
    accept_proxy: [127.0.0.1, unix]
    function: functions:who
  who-tls:
    listen: tls://127.0.0.1:0
    tls: {certificate: {certificate: server.pem, key: server.pem}}
    accept_proxy: [127.0.0.1, unix]
    function: functions:who
  plain:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0, unix:plain.sock]
    function: functions:shout
  encrypted:
    listen: tls://127.0.0.1:0
    tls: {certificate: {certificate: server.pem, key: server.pem}}
    function: functions:shout
  total:
    listen: tcp://127.0.0.1:0
    framing: {raw: {}}
    function: functions:total
  flood:
    listen: tcp://127.0.0.1:0
    function: functions:flood
"""


@pytest.fixture
def authority(tmp_path):
    """Whose certificate is in ``ca.pem``, and one from it for this machine in ``server.pem``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    return authority


@pytest.fixture
def behind(real_daemon, written, authority):
    """A daemon to which the others forward."""
    return real_daemon(written(BEHIND, FUNCTIONS)).ready()


@pytest.fixture
def front(real_daemon, written, tmp_path):
    """Start a daemon that forwards."""

    def start(services):
        written("", FUNCTIONS)
        file = tmp_path / "front.yaml"
        file.write_text(f"services:\n{services}")
        return real_daemon(file).ready()

    return start


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_every_way_in_and_every_way_on(behind, front, connect, tmp_path):
    daemon = front(f"""
  tcp:
    listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0, unix:front.sock]
    tls: {{certificate: {{certificate: server.pem, key: server.pem}}}}
    forward: tcp://127.0.0.1:{behind.port("plain")}
  unix:
    listen: tcp://127.0.0.1:0
    forward: unix:plain.sock
  web:
    listen: tcp://127.0.0.1:0
    http:
      /: {{websocket: {{forward: "tcp://localhost:{behind.port("plain")}"}}}}
""")
    for place in (daemon.port("tcp"), tmp_path / "front.sock", daemon.port("unix")):
        with connect(place) as client:
            assert client.ask("hello") == b"HELLO"
            client.socket.shutdown(socket.SHUT_WR)
            assert client.rest() == b""
    with (
        connect(daemon.port("tcp", "tls")) as client,
        unverified().wrap_socket(client.socket) as encrypted,
    ):
        encrypted.sendall(b"hello\n")
        assert encrypted.recv(100) == b"HELLO\n"
    with websocket(f"ws://127.0.0.1:{daemon.port('web')}/") as client:
        client.send("hello\n")
        assert client.recv() == b"HELLO\n"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_who_the_client_is_gets_through(behind, front, connect, version):
    daemon = front(f"""
  tcp:
    listen: tcp://127.0.0.1:0
    forward: {{to: "tcp://127.0.0.1:{behind.port("who")}", send_proxy: {version}}}
  unix:
    listen: tcp://127.0.0.1:0
    forward: {{to: "unix:who.sock", send_proxy: {version}}}
  encrypted:
    listen: tcp://127.0.0.1:0
    forward:
      to: tls://localhost:{behind.port("who-tls", "tls")}
      send_proxy: {version}
      tls: {{ca: ca.pem}}
""")
    for service in ("tcp", "unix", "encrypted"):
        with connect(daemon.port(service)) as client:
            here = f"127.0.0.1:{client.socket.getsockname()[1]}"
            transport = "tls" if service == "encrypted" else "tcp"
            assert client.ask("hi").decode() == f"hi from {transport}://{here} None None"


def test_who_has_shown_a_certificate_is_known_at_the_end_of_the_chain(
    authority, behind, front, connect, tmp_path
):
    daemon = front(f"""
  encrypted:
    listen: tls://127.0.0.1:0
    tls:
      certificate: {{certificate: server.pem, key: server.pem}}
      client: {{ca: ca.pem, required: false}}
    forward: {{to: "tcp://127.0.0.1:{behind.port("who")}", send_proxy: v2}}
""")
    context = unverified()
    for name in ("alice", None):
        if name is None:
            context = unverified()
        else:
            authority.issue_cert(common_name=name).configure_cert(context)
        with connect(daemon.port("encrypted", "tls")) as client:
            here = f"127.0.0.1:{client.socket.getsockname()[1]}"
            with context.wrap_socket(client.socket) as encrypted:
                encrypted.sendall(b"hi\n")
                assert encrypted.recv(200).decode() == f"hi from tls://{here} {name} {name}\n"


def test_a_target_that_reads_the_header_itself(authority, front, connect):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        daemon = front(f"""
  encrypted:
    listen: tls://127.0.0.1:0
    tls:
      certificate: {{certificate: server.pem, key: server.pem}}
      client: {{ca: ca.pem, required: false}}
    forward: {{to: "tcp://127.0.0.1:{listening.getsockname()[1]}", send_proxy: v2}}
""")
        context = unverified()
        authority.issue_cert(common_name="alice").configure_cert(context)
        port = daemon.port("encrypted", "tls")
        with connect(port) as client, context.wrap_socket(client.socket) as encrypted:
            encrypted.sendall(b"hi\n")
            accepted, _ = listening.accept()
            reader, header = HeaderReader(), None
            with accepted:
                while header is None:
                    header = reader.feed(accepted.recv(1000))
            assert header.source == Place(*encrypted.getsockname())
            assert header.destination == Place("127.0.0.1", port)
            assert header.tls == ClientTLS(encrypted.version(), 0, True, True, "alice")


def test_both_ends_of_a_stream_and_all_between(behind, front, connect):
    daemon = front(f"""
  total:
    listen: tcp://127.0.0.1:0
    forward: tcp://127.0.0.1:{behind.port("total")}
  flood:
    listen: tcp://127.0.0.1:0
    forward: tcp://127.0.0.1:{behind.port("flood")}
""")
    with connect(daemon.port("total")) as client:
        client.send(b"x" * 5_000_000)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.rest() == b"5000000"
    with connect(daemon.port("flood")) as client:
        client.send(b"3000\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert len(client.rest()) == 3000 * 1001


def test_a_target_that_is_not_the_one_it_should_be(behind, front, connect):
    daemon = front(f"""
  wrong:
    listen: tcp://127.0.0.1:0
    forward: tls://localhost:{behind.port("encrypted", "tls")}
""")
    with connect(daemon.port("wrong")) as client:
        assert client.rest() == b""
    daemon.expect(r"wrong: cannot forward to tls://localhost:\d+: its certificate is not trusted")


def test_a_target_that_is_not_there(front, connect):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        daemon = front(f"""
  nowhere:
    listen: tcp://127.0.0.1:0
    forward: tcp://127.0.0.1:{unused.getsockname()[1]}
""")
        for _ in range(3):
            with connect(daemon.port("nowhere")) as client:
                assert client.rest() == b""
    assert daemon.stop() == 0
    assert daemon.output.count("cannot forward") == 1
    assert "refused" in daemon.output


def test_a_certificate_of_our_own(authority, front, connect, tmp_path):
    """A server that asks for a certificate gets ours."""
    server, ours = authority.issue_cert("localhost"), authority.issue_cert(common_name="front")
    ours.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "front.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    server.configure_cert(context)
    authority.configure_trust(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        daemon = front(f"""
  mutual:
    listen: tcp://127.0.0.1:0
    forward:
      to: tls://127.0.0.1:{listening.getsockname()[1]}
      tls: {{ca: ca.pem, certificate: front.pem, name: localhost}}
""")
        with connect(daemon.port("mutual")) as client:
            accepted, _ = listening.accept()
            with context.wrap_socket(accepted, server_side=True) as encrypted:
                subject = dict(pair[0] for pair in encrypted.getpeercert()["subject"])
                assert subject["commonName"] == "front"
                encrypted.sendall(b"welcome\n")
                assert client.line() == b"welcome"


def test_datagrams(behind, front):
    daemon = front(f"""
  datagrams:
    listen: [udp://127.0.0.1:0, unixgram:front.dgram]
    forward: {{to: "udp://localhost:{behind.port("plain", "udp")}", replies: 1s}}
""")
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        for sock in (one, other):
            sock.settimeout(20)
            sock.connect(("127.0.0.1", daemon.port("datagrams", "udp")))
        one.send(b"one")
        other.send(b"other")
        assert one.recv(100) == b"ONE"
        assert other.recv(100) == b"OTHER"
    assert daemon.stop() == 0


def test_streams_of_many_bytes_both_ways_and_their_ends(behind, front, connect):
    """What the kernel moves is all there, and a slow reader keeps the memory of nobody."""
    daemon = front(f"""
  total:
    listen: [tcp://127.0.0.1:0, unix:relay.sock]
    forward: tcp://localhost:{behind.port("total")}
  flood:
    listen: tcp://127.0.0.1:0
    forward: tcp://127.0.0.1:{behind.port("flood")}
""")
    with connect(daemon.port("total")) as client:
        client.send(b"x" * 50_000_000)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.rest() == b"50000000"
    with connect(daemon.port("flood")) as client:
        client.send(b"30000\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert len(client.rest()) == 30_000 * 1001


def test_every_way_with_tls_behind(behind, front, connect):
    """Plain to TLS, and TLS to TLS."""
    daemon = front(f"""
  out:
    listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0]
    tls: {{certificate: {{certificate: server.pem, key: server.pem}}}}
    forward: {{to: "tls://localhost:{behind.port("encrypted", "tls")}", tls: {{ca: ca.pem}}}}
  plain:
    listen: tcp://127.0.0.1:0
    forward: {{to: "tls://localhost:{behind.port("encrypted", "tls")}", tls: {{ca: ca.pem}}}}
""")
    for service, scheme in (("out", "tcp"), ("plain", "tcp")):
        with connect(daemon.port(service, scheme)) as client:
            assert client.ask("hello") == b"HELLO"
    with (
        connect(daemon.port("out", "tls")) as client,
        unverified().wrap_socket(client.socket) as encrypted,
    ):
        encrypted.sendall(b"hello\n")
        assert encrypted.recv(100) == b"HELLO\n"


@pytest.mark.parametrize("limits", ["", "byte_rate: 1GiB"])
def test_several_targets_of_which_one_is_down(behind, front, connect, limits):
    """Nobody notices, whether the kernel moves the bytes or not; the log does."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        missing = unused.getsockname()[1]
        daemon = front(f"""
  shared:
    listen: tcp://127.0.0.1:0
    limits: {{{limits}}}
    forward: ["tcp://127.0.0.1:{missing}", "tcp://127.0.0.1:{behind.port("plain")}", "unix:plain.sock"]
""")
        for _ in range(10):
            with connect(daemon.port("shared")) as client:
                assert client.ask("hello") == b"HELLO"
    assert daemon.stop() == 0
    assert daemon.output.count("cannot forward") == 1
    assert daemon.output.count("is down: ") == 1


def test_one_that_comes_back_is_found_by_its_check(front, connect):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    daemon = front(f"""
  checked:
    listen: tcp://127.0.0.1:0
    forward:
      to: tcp://127.0.0.1:{port}
      check: {{every: 50ms, rise: 1, fall: 2}}
""")
    daemon.expect(r"checked: tcp://127.0.0.1:\d+ is down: ")
    with socket.create_server(("127.0.0.1", port)):
        daemon.expect(r"checked: tcp://127.0.0.1:\d+ is up again")


def test_a_target_that_breaks_off_in_the_middle(front, connect):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        daemon = front(f"""
  broken:
    listen: tcp://127.0.0.1:0
    forward: tcp://127.0.0.1:{listening.getsockname()[1]}
""")
        with connect(daemon.port("broken")) as client:
            accepted, _ = listening.accept()
            accepted.sendall(b"half of it\n")
            assert client.line() == b"half of it"
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            with pytest.raises(ConnectionResetError):
                client.socket.recv(1)


def test_datagrams_to_several_targets(front):
    targets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(2)]
    senders = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(4)]
    try:
        for each in targets:
            each.bind(("127.0.0.1", 0))
            each.settimeout(20)
        places = ", ".join(f'"udp://127.0.0.1:{each.getsockname()[1]}"' for each in targets)
        daemon = front(f"""
  datagrams:
    listen: udp://127.0.0.1:0
    forward: [{places}]
""")
        for number, each in enumerate(senders):
            each.settimeout(20)
            each.connect(("127.0.0.1", daemon.port("datagrams", "udp")))
            for _ in range(2):  # who has a target stays with it
                each.send(b"ask")
                target = targets[number % 2]
                question, sender = target.recvfrom(100)
                target.sendto(question + b"ed", sender)
                assert each.recv(100) == b"asked"
        assert daemon.stop() == 0
    finally:
        for each in targets + senders:
            each.close()


def test_datagrams_to_a_unix_socket(front, tmp_path):
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as target,
        socket.socket(type=socket.SOCK_DGRAM) as one,
    ):
        target.bind(str(tmp_path / "target.sock"))
        daemon = front("""
  datagrams:
    listen: udp://127.0.0.1:0
    forward: unixgram:target.sock
  nowhere:
    listen: udp://127.0.0.1:0
    forward: unixgram:nowhere.sock
""")
        for each in (one, target):
            each.settimeout(20)
        one.connect(("127.0.0.1", daemon.port("datagrams", "udp")))
        one.send(b"ask")
        question, sender = target.recvfrom(100)
        target.sendto(question + b"ed", sender)
        assert one.recv(100) == b"asked"
        one.connect(("127.0.0.1", daemon.port("nowhere", "udp")))
        one.send(b"ask")
        daemon.expect(r"nowhere: cannot forward to unixgram:\S+nowhere.sock: No such file or directory")
