"""Real daemons whose services are programs."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import stat
import sys
from pathlib import Path

import pytest
import trustme

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run programs as others")

SERVICES = """
server: {drain: 0s}
services:
  cat:
    listen: [tcp://127.0.0.1:0, unix:cat.sock]
    program: cat
  told:
    listen: tcp://127.0.0.1:0
    program:
      command: echo "$POLYPORT_SERVICE $PROTO $COLOUR"; pwd; exit 3
      shell: true
      environment: {COLOUR: red}
  stopped:
    listen: tcp://127.0.0.1:0
    program: {command: "echo up; exec sleep 60", shell: true}
    limits: {connections: 1}
  encrypted:
    listen: tls://127.0.0.1:0
    tls: {certificate: {certificate: server.pem, key: server.pem}}
    program: {command: 'echo "$SSL"; exec cat', shell: true}
  framed:
    listen: tcp://127.0.0.1:0
    framing: netstring
    program: {command: [sed, -u, "s/^/> /"], stdio: lines}
  message:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0]
    program: {command: [tr, a-z, A-Z], mode: message}
  pool:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0]
    program: {command: 'while read -r line; do echo "$$ $line"; done', shell: true, mode: message, pool: 1}
"""


@pytest.fixture
def daemon(real_daemon, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    file = tmp_path / "polyport.yaml"
    file.write_text(SERVICES)
    return real_daemon(file).ready()


def connect(daemon, service):
    return socket.create_connection(("127.0.0.1", daemon.port(service, "tcp")), 10)


def asked(connection, octets=b""):
    """All that comes after `octets` were sent, and no more will be."""
    connection.sendall(octets)
    if not isinstance(connection, ssl.SSLSocket):
        connection.shutdown(socket.SHUT_WR)
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_connection_is_handed_over(daemon, tmp_path):
    with connect(daemon, "cat") as client:
        assert asked(client, b"hello\n") == b"hello\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(tmp_path / "cat.sock"))
        assert asked(client, b"hello\n") == b"hello\n"


def test_a_program_knows_its_client_and_its_folder(daemon, tmp_path):
    with connect(daemon, "told") as client:
        assert asked(client).decode().splitlines() == ["told TCP red", str(tmp_path)]
    daemon.expect(r"told: sh: ended with exit status 3")


def test_tls(daemon, tmp_path):
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    plain = socket.create_connection(("127.0.0.1", daemon.port("encrypted", "tls")), 10)
    with context.wrap_socket(plain, server_hostname="localhost") as client:
        assert client.recv(99) == b"1\n"
        client.sendall(b"hello")
        assert client.recv(99) == b"hello"


def test_one_framing_outside_and_another_inside(daemon):
    with connect(daemon, "framed") as client:
        assert asked(client, b"1:a,2:bc,") == b"3:> a,4:> bc,"


def test_messages(daemon):
    with connect(daemon, "message") as client:
        assert asked(client, b"hello\nworld\n") == b"HELLO\nWORLD\n"
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", daemon.port("message", "udp")))
        client.send(b"hello\n")
        assert client.recv(99) == b"HELLO\n"


def test_a_pool_answers_all(daemon):
    with connect(daemon, "pool") as client:
        first, second = (reply.split() for reply in asked(client, b"a\nb\n").splitlines())
    assert (first[1], second[1]) == (b"a", b"b")
    assert first[0] == second[0]
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", daemon.port("pool", "udp")))
        client.send(b"c")
        assert client.recv(99).split() == [first[0], b"c"]


def test_a_program_that_accepts_by_itself(real_daemon, tmp_path):
    file = tmp_path / "polyport.yaml"
    (tmp_path / "serve.py").write_text("""
import os, socket
streams, datagrams = socket.socket(fileno=3), socket.socket(fileno=4)
data, sender = datagrams.recvfrom(99)
datagrams.sendto(data.upper(), sender)
while True:
    connection, _ = streams.accept()
    connection.sendall(b"%d" % os.getpid())
    connection.close()
""")
    file.write_text(f"""
services:
  own:
    listen: [tcp://127.0.0.1:0, udp://127.0.0.1:0]
    program: {{command: [{sys.executable}, serve.py], mode: wait}}
""")
    daemon = real_daemon(file).ready()
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(b"hello", ("127.0.0.1", daemon.port("own", "udp")))
        assert client.recv(99) == b"HELLO"
    with connect(daemon, "own") as first, connect(daemon, "own") as second:
        pid = int(asked(first))
        assert pid == int(asked(second))
    daemon.send_signal(signal.SIGHUP)
    daemon.expect(r"nothing.*changed|unchanged|reloaded")
    with connect(daemon, "own") as third:
        assert int(asked(third)) == pid
    assert daemon.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_limits_of_the_service_apply(daemon):
    with connect(daemon, "stopped") as first, connect(daemon, "stopped") as second:
        assert first.recv(99) == b"up\n"
        assert second.recv(99) == b""


def test_programs_end_with_the_daemon(real_daemon, tmp_path):
    file = tmp_path / "polyport.yaml"
    file.write_text(SERVICES.partition("  encrypted:")[0])
    daemon = real_daemon(file).ready()
    with connect(daemon, "stopped") as client:
        assert client.recv(99) == b"up\n"
        assert daemon.stop() == 0
        assert client.recv(99) == b""


@AS_ROOT
def test_a_program_may_be_somebody_else_than_the_daemon_has_become(real_daemon, tmp_path):
    tmp_path.chmod(0o755)
    file = tmp_path / "polyport.yaml"
    file.write_text("""
server: {user: daemon}
services:
  who:
    listen: tcp://127.0.0.1:0
    program: {command: [id, -u], user: nobody, folder: /}
""")
    daemon = real_daemon(file).ready()
    with connect(daemon, "who") as client:
        assert asked(client) == b"65534\n"
    assert daemon.stop() == 0


@AS_ROOT
@pytest.mark.parametrize(("asked_for", "group"), [("nice: -5", "1"), ("group: nogroup", "65534")])
def test_a_program_that_names_no_user_is_whom_the_daemon_becomes(real_daemon, tmp_path, asked_for, group):
    tmp_path.chmod(0o755)
    file = tmp_path / "polyport.yaml"
    file.write_text(f"""
server: {{user: daemon, umask: "027"}}
services:
  who:
    listen: tcp://127.0.0.1:0
    program: {{command: "id -u; id -G; umask", shell: true, folder: /, {asked_for}}}
""")
    daemon = real_daemon(file).ready()
    with connect(daemon, "who") as client:
        assert asked(client).decode().splitlines() == ["1", group, "0027"]
    assert daemon.stop() == 0


@AS_ROOT
@pytest.mark.skipif(
    not all(folder.stat().st_mode & stat.S_IXOTH for folder in Path(sys.executable).resolve().parents),
    reason="nobody else may run the interpreter of these tests",
)
def test_who_is_not_root_cannot(real_daemon, tmp_path):
    tmp_path.chmod(0o755)
    file = tmp_path / "polyport.yaml"
    file.write_text("services: {who: {listen: 'tcp://127.0.0.1:0', program: {command: id, user: root}}}\n")
    daemon = real_daemon(file, user="nobody")
    assert daemon.status() != 0
    assert "cannot start: who: only root can run programs as others" in daemon.output + daemon.errors


def test_workers_cannot_become_others(real_daemon, tmp_path):
    file = tmp_path / "polyport.yaml"
    file.write_text("""
server: {user: root, workers: 2}
services: {who: {listen: 'tcp://127.0.0.1:0', program: {command: id, user: root}}}
""")
    daemon = real_daemon(file)
    assert daemon.status() == 2
    assert "services.who.program.user: the workers become server.user before they start" in daemon.errors
