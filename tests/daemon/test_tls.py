"""TLS of a real daemon, by the clients of the standard library: names, certificates of clients, sessions, and
files that change while it runs."""

from __future__ import annotations

import shutil
import socket
import ssl
from pathlib import Path

import pytest
import trustme

PATIENCE = 20.0

SERVICES = """
certificates:
  main: {certificate: main.pem, key: main.key}
  admin: {certificate: admin.pem, key: admin.key}
services:
  web:
    listen: tls://127.0.0.1:0
    tls:
      certificate: main
      handshake: 1s
      names:
        admin.test: {certificate: admin, client: ca.pem}
    http:
      /: {respond: everybody}
      /who: {function: "who:who"}
      /secret: {respond: secret, hosts: admin.test}
  lines:
    listen: tls://127.0.0.1:0
    tls: {certificate: [main, admin], client: {ca: ca.pem, required: false}}
    function: {call: "who:hello", run: loop}
"""

WHO = """
from protocols.session import Peer
def who(peer: Peer) -> str:
    return str(peer.user)
def hello(message: bytes, peer: Peer) -> str:
    return f"{peer.user} {peer.certificate.subject if peer.certificate else None}"
"""


class Files:
    """An authority and what it has issued, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        self.issue("main", "open.test")
        self.issue("admin", "admin.test")
        self.issue("client", "client.test", common_name="device7")

    def issue(self, stem: str, *names: str, **settings: str) -> None:
        issued = self.authority.issue_cert(*names, **settings)
        issued.cert_chain_pems[0].write_to_path(self.folder / f"{stem}.pem")
        issued.private_key_pem.write_to_path(self.folder / f"{stem}.key")
        (self.folder / f"{stem}.key").chmod(0o600)

    def context(self, *, known: bool = False, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if known:
            context.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    (folder / "who.py").write_text(WHO)
    (folder / "polyport.yaml").write_text(SERVICES)
    return Files(folder)


@pytest.fixture(scope="module")
def daemon(real_daemon_of_module, files):
    return real_daemon_of_module(files.folder / "polyport.yaml").ready()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def version(request):
    return request.param


def connect(port, context, name, session=None):
    raw = socket.create_connection(("127.0.0.1", port), PATIENCE)
    try:
        return context.wrap_socket(raw, server_hostname=name, session=session)
    except BaseException:
        raw.close()
        raise


def get(port, context, name, path="/", host=None, session=None):
    """Status and content of one request, and the session it was made in."""
    with connect(port, context, name, session) as end:
        end.sendall(f"GET {path} HTTP/1.1\r\nHost: {host or name}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := end.recv(65_536):
            answer += piece
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2], end.session, end.session_reused


def test_a_name_that_is_open_and_one_that_is_not(daemon, files, version):
    port = daemon.port("web", "tls")
    anybody = files.context(version=version)
    assert get(port, anybody, "open.test")[:2] == (200, b"everybody")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        get(port, anybody, "admin.test")
    device = files.context(known=True, version=version)
    assert get(port, device, "admin.test", "/secret")[:2] == (200, b"secret")
    assert get(port, device, "admin.test", "/who")[1] == b"device7"


@pytest.mark.parametrize("host", ["admin.test", "ADMIN.test.:443", "admin.test..:1", "admin.test:"])
def test_what_is_behind_a_name_is_not_reached_through_another(daemon, files, version, host):
    port = daemon.port("web", "tls")
    anybody = files.context(version=version)
    assert get(port, anybody, "open.test", "/secret", host=host)[0] in (400, 421)
    anybody.check_hostname = False
    with connect(port, anybody, None) as end:  # without a name at all
        end.sendall(f"GET /secret HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert end.recv(1000).split()[1] in (b"400", b"421")


def test_a_session_is_resumed_for_its_name_only(daemon, files, version):
    port = daemon.port("web", "tls")
    anybody = files.context(version=version)
    *_, session, reused = get(port, anybody, "open.test")
    assert not reused
    assert get(port, anybody, "open.test", session=session)[3]
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        get(port, anybody, "admin.test", session=session)


def test_a_device_proves_itself_each_time(daemon, files, version):
    port = daemon.port("web", "tls")
    device = files.context(known=True, version=version)
    *_, session, _ = get(port, device, "admin.test")
    assert session is None or not get(port, device, "admin.test", session=session)[3]


def test_a_function_knows_who_asks(daemon, files):
    port = daemon.port("lines", "tls")
    for known, expected in ((True, b"device7 device7\n"), (False, b"None None\n")):
        with connect(port, files.context(known=known), "admin.test") as end:
            end.sendall(b"hello\n")
            assert end.recv(1000) == expected


def test_a_client_that_stands_still_holds_up_nobody(daemon, files):
    port = daemon.port("web", "tls")
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as stalled:
        stalled.send(b"\x16")
        assert get(port, files.context(), "open.test")[0] == 200
        try:
            assert stalled.recv(100) == b""  # after a second
        except ConnectionResetError:
            pass


def test_a_certificate_that_is_renewed(daemon, files):
    port = daemon.port("lines", "tls")
    context = files.context()
    with connect(port, context, "open.test") as old:
        files.issue("renewed", "open.test")
        for kind in ("pem", "key"):
            shutil.copy(files.folder / f"renewed.{kind}", files.folder / f"main.{kind}")
        daemon.expect(r"lines: certificates read anew")
        with connect(port, context, "open.test") as new:
            assert new.getpeercert(binary_form=True) != old.getpeercert(binary_form=True)
        old.sendall(b"hello\n")
        assert old.recv(1000) == b"None None\n"


def test_the_log_has_no_failure(daemon):
    assert "Traceback" not in daemon.output + daemon.errors
