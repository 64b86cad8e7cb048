"""Whatever proves who a client is, everybody hears the same name."""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import ssl
from collections.abc import Callable

import bcrypt
import pytest
import trustme

from protocols.proxy_header import ClientTLS, Place, ProxyHeader, encode_v2

pytestmark = pytest.mark.usefixtures("asyncio_inside")

FUNCTIONS = '''
from protocols.http import Request
from protocols.session import Peer


async def message(message: str, peer: Peer) -> str:
    return str(peer.user)


async def whole(request: Request) -> str:
    return str(request.peer.user)


async def remote_user(request: Request) -> str:
    """What a proxy says of its client."""
    return f"{request.headers.get('x-remote-user')} {request.headers.get('x_remote_user')}"


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = "REMOTE_USER", "AUTH_TYPE", "SSL_CLIENT_S_DN_CN"
    return [" ".join(str(environ.get(name)) for name in names).encode()]


async def asgi(scope, receive, send):
    if scope["type"] == "http":
        tls = scope["extensions"].get("tls", {})
        body = f"{scope.get('polyport.user')} {tls.get('client_cert_name')}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
'''

ROUTES = """
      /function: {{function: functions:whole{auth}}}
      /message: {{function: functions:message{auth}}}
      /cgi/: {{cgi: cgi-bin{auth}}}
      /wsgi/: {{wsgi: functions:wsgi{auth}}}
      /asgi/: {{asgi: {{app: functions:asgi, lifespan: off}}{auth}}}
      /proxy: {{proxy: {{origins: "unix:origin.sock", identity: X-Remote-User}}{auth}}}
      /rules: {{respond: allowed, access: {{allow: "user:{user}"}}{auth}}}
"""

CONFIG = """
services:
  lines:
    listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0, unix:lines.sock]
    tls: &tls
      certificate: {{certificate: server.pem, key: server.pem}}
      client: {{ca: ca.pem, required: false}}
    accept_proxy: 127.0.0.1
    function: functions:message
  open:
    listen: [tcp://127.0.0.1:0, unix:open.sock]
    accept_proxy: 127.0.0.1
    log: json
    http: {open}
  encrypted:
    listen: tls://127.0.0.1:0
    tls: *tls
    log: json
    http: {open}
  login:
    listen: tcp://127.0.0.1:0
    log: json
    http: {login}
  origin:
    listen: unix:origin.sock
    trusted: unix
    http:
      /: {{function: functions:remote_user}}
"""

SCRIPT = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s %s %s' "$REMOTE_USER" "$AUTH_TYPE" "$SSL_CLIENT_S_DN_CN"
"""

ALICE = ProxyHeader(
    family="inet",
    source=Place("203.0.113.7", 5000),
    destination=Place("198.51.100.9", 443),
    tls=ClientTLS("TLSv1.3", 0, True, True, "alice"),
)
BASIC = "Basic " + base64.b64encode(b"alice:wonderland").decode()
ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name

PROOFS = {
    # How it is proved: the service, how it is reached, what is sent first, the login, the name, its kind, and
    # whether there is a certificate.
    "certificate": ("encrypted", "certificate", b"", "", "alice", "Certificate", True),
    "certificate and a login that nobody asked for": (
        *("encrypted", "certificate", b"", BASIC.replace("YW", "ZW"), "alice", "Certificate", True),
    ),
    "balancer": ("open", "tcp", encode_v2(ALICE), "", "alice", "Certificate", True),
    "account": ("open", "unix", b"", "", ACCOUNT, "Unix", False),
    "password": ("login", "tcp", b"", BASIC, "alice", "Basic", False),
    "token": ("login", "tcp", b"", "Bearer secret", "alice", "Bearer", False),
}


def anybody(authority: trustme.CA, *, named: str | None) -> ssl.SSLContext:
    """TLS of a client that shows a certificate with a name, or none."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if named is not None:
        authority.issue_cert(common_name=named).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def daemon(real_daemon, written, authority, tmp_path):
    def started(user: str):
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        server = authority.issue_cert("localhost")
        server.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
        (tmp_path / "cgi-bin").mkdir()
        (tmp_path / "cgi-bin" / "who").write_text(SCRIPT)
        (tmp_path / "cgi-bin" / "who").chmod(0o755)
        hashed = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
        (tmp_path / "users").write_text(f"alice:{hashed}\n")
        (tmp_path / "tokens").write_text(f"alice:{hashlib.sha256(b'secret').hexdigest()}\n")
        login = ", auth: {basic: users, bearer: tokens}"
        text = CONFIG.format(
            open=ROUTES.format(auth="", user=user), login=ROUTES.format(auth=login, user=user)
        )
        return real_daemon(written(text, FUNCTIONS)).ready()

    return started


@pytest.fixture
def ask(connect, authority, tmp_path) -> Callable[..., bytes]:
    """The body of the answer to a request, by a client that says it is mallory."""

    def ask(daemon, proof: str, target: str, method: str = "GET", body: bytes = b"") -> bytes:
        service, way, header, login, *_ = PROOFS[proof]
        place = tmp_path / "open.sock" if way == "unix" else None
        fields = ["Host: localhost", "X-Remote-User: mallory", "x_remote_user: mallory"]
        fields += [f"Authorization: {login}"] if login else []
        fields += [f"Content-Length: {len(body)}", "Content-Type: application/json"] if body else []
        request = "\r\n".join([f"{method} {target} HTTP/1.0", *fields, "", ""]).encode() + body
        if way == "certificate":
            with (
                connect(daemon.port(service, "tls")) as client,
                anybody(authority, named="alice").wrap_socket(
                    client.socket, server_hostname="localhost"
                ) as encrypted,
            ):
                encrypted.sendall(request)
                answer = b""
                while piece := encrypted.recv(65_536):
                    answer += piece
        else:
            with connect(place or daemon.port(service)) as client:
                client.send(header + request)
                answer = client.rest()
        return answer.partition(b"\r\n\r\n")[2]

    return ask


@pytest.mark.parametrize("proof", PROOFS)
def test_everybody_hears_the_same_name(daemon, ask, proof):
    *_, name, kind, has_certificate = PROOFS[proof]
    running = daemon(name)
    subject = name if has_certificate else None
    heard = {
        "a function of the whole request": ask(running, proof, "/function"),
        "a function of messages": ask(running, proof, "/message", "POST", b'"hello"'),
        "CGI": ask(running, proof, "/cgi/who"),
        "WSGI": ask(running, proof, "/wsgi/"),
        "ASGI": ask(running, proof, "/asgi/"),
        "an origin": ask(running, proof, "/proxy"),
        "a rule": ask(running, proof, "/rules"),
    }
    assert {who: told.decode().strip() for who, told in heard.items()} == {
        "a function of the whole request": name,
        "a function of messages": name,
        "CGI": f"{name} {kind} {subject or ''}".strip(),
        "WSGI": f"{name} {kind} {subject}",
        "ASGI": f"{name} {f'CN={subject}' if subject else None}",
        "an origin": f"{name} None",
        "a rule": "allowed",
    }
    running.expect(f'"user": "{name}".* "target": "/rules"')


def test_who_has_proved_nothing_is_nobody(daemon, ask, connect):
    running = daemon("alice")
    told = {}
    for target in ("/function", "/cgi/who", "/wsgi/", "/asgi/", "/proxy", "/rules"):
        with connect(running.port("open")) as client:
            nobody = ProxyHeader(family="inet", source=ALICE.source, destination=ALICE.destination)
            request = f"GET {target} HTTP/1.0\r\nHost: localhost\r\n"
            request += f"X-Remote-User: mallory\r\nx_remote_user: mallory\r\nAuthorization: {BASIC}\r\n\r\n"
            client.send(encode_v2(nobody) + request.encode())
            told[target] = client.rest().partition(b"\r\n\r\n")[2].decode().strip()
    assert "mallory" not in str(told)
    assert "alice" not in str(told)
    assert told["/proxy"] == "None None"
    assert "403" in told["/rules"]


@pytest.mark.parametrize(
    ("way", "header", "name"),
    [
        ("tls", b"", "alice"),
        ("tcp", encode_v2(ALICE), "alice"),
        ("unix", b"", ACCOUNT),
        ("tcp", encode_v2(ProxyHeader(is_local=True)), "None"),
    ],
)
def test_functions_of_messages_over_streams(daemon, connect, authority, tmp_path, way, header, name):
    running = daemon("alice")
    with connect(tmp_path / "lines.sock" if way == "unix" else running.port("lines", way)) as client:
        if way != "tls":
            assert client.ask(header + b"hi") == name.encode()
            return
        client.send(encode_v2(ProxyHeader(is_local=True)))
        context = anybody(authority, named="alice")
        with context.wrap_socket(client.socket, server_hostname="localhost") as encrypted:
            encrypted.sendall(b"hi\n")
            assert encrypted.recv(100) == b"alice\n"
