"""``startTLS`` over transports that write at once."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
import pytest_twisted
import trustme
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    optionsForClientTLS,
)
from twisted.internet.threads import deferToThread

BODY = bytes(range(256)) * 4096
"""A mebibyte, which no kernel takes at once."""

WAIT = 20
"""Seconds after which a client gives up; only a test that fails takes them."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_options(authority: trustme.CA) -> CertificateOptions:
    issued = authority.issue_cert("localhost")
    context = SSL.Context(SSL.TLS_METHOD)
    issued.configure_cert(context)

    class Options(CertificateOptions):
        def getContext(self) -> SSL.Context:
            return context

    return Options()


class Upgrading(Protocol):
    """Says in clear that it goes over to TLS, and then sends back as much as comes, and more."""

    def __init__(self, options: CertificateOptions) -> None:
        self.options = options
        self.secure = False
        self.lost: Deferred[Any] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        if not self.secure:
            assert data == b"STARTTLS\n"
            self.secure = True
            # Two writes that leave in clear, though TLS starts before the read is over.
            self.transport.write(b"go ")
            self.transport.write(b"on\n")
            self.transport.startTLS(self.options)
        elif data == b"body\n":
            self.transport.write(BODY[: len(BODY) // 2])
            self.transport.writeSequence([BODY[len(BODY) // 2 :], b"end"])
            self.transport.loseConnection()
        else:
            self.transport.write(data)

    def connectionLost(self, reason: Any) -> None:
        self.lost.callback(reason.type)


class Served(Factory):
    def __init__(self, options: CertificateOptions) -> None:
        self.options = options
        self.served: list[Upgrading] = []

    def buildProtocol(self, addr: Any) -> Upgrading:
        self.served.append(Upgrading(self.options))
        return self.served[-1]


def converse(port: int, context: ssl.SSLContext) -> tuple[bytes, bytes, bytes]:
    """What a client of the standard library hears: in clear, as an echo, and until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as plain:
        plain.sendall(b"STARTTLS\n")
        with plain.makefile("rb", buffering=0) as file:
            said = file.readline()
        with context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as secure:
            secure.sendall(b"echo")
            echo = secure.recv(100)
            secure.sendall(b"body\n")
            with secure.makefile("rb") as file:
                body = file.read()
            secure.unwrap().close()
            return said, echo, body


@pytest_twisted.ensureDeferred
async def test_with_a_client_of_the_standard_library(authority, server_options):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    factory = Served(server_options)
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    said, echo, body = await deferToThread(converse, port.getHost().port, context)
    assert (said, echo) == (b"go on\n", b"echo")
    assert body == BODY + b"end"
    reason = await factory.served[0].lost
    assert reason is ConnectionDone
    await port.stopListening()


class Client(Protocol):
    """Goes over to TLS when the server says so, and collects what comes after that."""

    def __init__(self, options: Any) -> None:
        self.options = options
        self.clear = b""
        self.data = b""
        self.lost: Deferred[Any] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(b"START")
        self.transport.write(b"TLS\n")

    def dataReceived(self, data: bytes) -> None:
        if not self.clear.endswith(b"\n"):
            self.clear += data
            if self.clear.endswith(b"\n"):
                self.transport.startTLS(self.options)
                self.transport.write(b"body\n")
        else:
            self.data += data

    def connectionLost(self, reason: Any) -> None:
        self.lost.callback(reason.type)


@pytest_twisted.ensureDeferred
async def test_on_both_sides(authority, server_options):
    trust = Certificate.loadPEM(authority.cert_pem.bytes())
    factory = Served(server_options)
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    client = await connectProtocol(endpoint, Client(optionsForClientTLS("localhost", trustRoot=trust)))
    reason = await client.lost
    assert reason is ConnectionDone
    assert client.clear == b"go on\n"
    assert client.data == BODY + b"end"
    assert await factory.served[0].lost is ConnectionDone
    await port.stopListening()
