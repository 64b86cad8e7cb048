"""HTTP over TLS, and over a Unix socket, by a server that says one thing."""

from __future__ import annotations

import socket
import ssl

import pytest
import trustme

from protocols.client import TLS, ClientTimeoutError, ConnectionLostError, TLSError
from protocols.client.http import HTTPClient

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(ANSWER)


def test_over_a_unix_socket(peer, tmp_path):
    peer(answer, at=str(tmp_path / "s.sock"))
    with HTTPClient("http://localhost", unix=tmp_path / "s.sock") as client:
        assert client.get("/").text == "ok"


def test_a_server_that_is_believed_and_wants_to_know_who_asks(peer, ca, authority, server_context, tmp_path):
    context = server_context("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = tmp_path / "mine.pem"
    authority.issue_cert("me@example.test").private_key_and_cert_chain_pem.write_to_path(str(mine))
    server = peer(answer, context=context)
    with HTTPClient(f"https://localhost:{server.port}", tls=TLS(ca, certificate=mine)) as client:
        assert client.get("/").text == "ok"


def test_name_wrong(peer, ca, server_context):
    server = peer(answer, context=server_context("other.test"))
    with (
        HTTPClient(f"https://localhost:{server.port}", tls=TLS(ca)) as client,
        pytest.raises(TLSError, match="not for that name"),
    ):
        client.get("/")


def test_self_signed(peer, server_context):
    server = peer(answer, context=server_context("localhost", of=trustme.CA()))
    with (
        HTTPClient(f"https://localhost:{server.port}") as client,
        pytest.raises(TLSError, match="not trusted") as caught,
    ):
        client.get("/")
    assert caught.value.unknown_authority


def test_half_an_answer(peer):
    server = peer(lambda connection: connection.recv(4096) and connection.sendall(ANSWER[:-1]))
    with HTTPClient(f"http://127.0.0.1:{server.port}") as client, pytest.raises(ConnectionLostError):
        client.get("/")


def test_timeout(peer):
    server = peer(lambda connection: connection.recv(4096) and connection.recv(4096) and None)
    with (
        HTTPClient(f"http://127.0.0.1:{server.port}", timeout=0.05) as client,
        pytest.raises(ClientTimeoutError, match="nothing came from"),
    ):
        client.get("/")
