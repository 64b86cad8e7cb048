"""Sockets given to whatever reactor runs, with our ports and where those cannot be used."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from twisted.internet import abstract, reactor
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.logger import eventAsText, globalLogPublisher

from protocols.reactor.adoption import adopt_datagrams, adopt_stream, cannot_adopt
from protocols.reactor.datagram_ports import AdoptedUnixDatagramPort, DatagramPort
from protocols.reactor.stream_ports import AdoptedUnixPort

LIMIT = 1000


@pytest.fixture
def changed_twisted(monkeypatch):
    """A Twisted that lacks something our ports need."""
    monkeypatch.delattr(abstract.FileDescriptor, "_maybePauseProducer")


@pytest.fixture
def bound(tmp_path):
    """Bind a socket of a family and a kind."""
    made = []

    def bound(family, kind):
        sock = socket.socket(family, kind)
        made.append(sock)
        sock.bind(str(tmp_path / "socket") if family == socket.AF_UNIX else ("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        return sock

    yield bound
    for sock in made:
        sock.close()


@pytest.fixture
def warnings():
    events = []

    def warned(event):
        if event["log_level"].name == "warn":
            events.append(eventAsText(event, includeTimestamp=False, includeSystem=False))

    globalLogPublisher.addObserver(warned)
    yield events
    globalLogPublisher.removeObserver(warned)


def test_unix_streams_get_our_port(bound, warnings):
    port = adopt_stream(bound(socket.AF_UNIX, socket.SOCK_STREAM), Factory(), reactor)
    assert type(port) is AdoptedUnixPort
    assert warnings == []
    port.stopListening()


@pytest.mark.parametrize(
    ("family", "port_type"),
    [(socket.AF_INET, DatagramPort), (socket.AF_UNIX, AdoptedUnixDatagramPort)],
)
def test_datagrams_get_our_port(bound, family, port_type):
    sock = bound(family, socket.SOCK_DGRAM)
    assert cannot_adopt(sock) is None
    port = adopt_datagrams(sock, DatagramProtocol(), LIMIT, reactor)
    assert (type(port), port.maxPacketSize) == (port_type, LIMIT)
    port.stopListening()


@pytest.mark.usefixtures("changed_twisted")
def test_a_changed_twisted_serves_unix_streams_with_its_own_port(bound, warnings, tmp_path):
    sock = bound(socket.AF_UNIX, socket.SOCK_STREAM)
    asked = []
    port = SimpleNamespace(_bindPath=b"/path")
    other = SimpleNamespace(adoptStreamPort=lambda *given: asked.append(given) or port)
    factory = Factory()
    assert adopt_stream(sock, factory, other) is port
    assert asked == [(sock.fileno(), socket.AF_UNIX, factory)]
    assert port._bindPath == b"\0"  # what Twisted takes for a socket without a path, and so leaves alone
    (warning,) = warnings
    assert warning.startswith(f"{tmp_path}/socket is shut down for every process that shares it")


@pytest.mark.usefixtures("changed_twisted")
def test_a_changed_twisted_serves_udp_with_its_own_port(bound):
    sock = bound(socket.AF_INET, socket.SOCK_DGRAM)
    assert cannot_adopt(sock) is None
    port = adopt_datagrams(sock, DatagramProtocol(), LIMIT, reactor)
    assert port.getHost().port == sock.getsockname()[1]
    assert port.maxPacketSize == LIMIT
    port.stopListening()


@pytest.mark.usefixtures("changed_twisted")
def test_a_changed_twisted_serves_no_unix_datagrams_and_the_text_says_why(bound):
    assert cannot_adopt(bound(socket.AF_UNIX, socket.SOCK_DGRAM)) == (
        "datagrams over a Unix socket cannot be served: "
        "this Twisted has no FileDescriptor._maybePauseProducer(self)"
    )


def serve_in_a_changed_twisted(folder: str) -> None:
    """A whole daemon in a Twisted where modules that our reactor imports are gone."""
    import sys

    sys.modules["twisted.internet._newtls"] = None
    from pathlib import Path

    config = Path(folder) / "polyport.yaml"
    config.write_text(
        "server: {control: off}\n"
        "services:\n"
        "  lines: {listen: [tcp://127.0.0.1:0, 'unix:./echo.sock', udp://127.0.0.1:0], builtin: echo}\n"
    )
    import socket

    from twisted.application.app import startApplication
    from twisted.application.service import Application

    import protocols.reactor

    protocols.reactor.install()
    from twisted.internet import reactor
    from twisted.internet.threads import deferToThread

    from protocols.daemon.twistd import Options, makeService

    options = Options()
    options.parseOptions(["-c", str(config)])
    service = makeService(options)
    application = Application("test")
    service.setServiceParent(application)
    startApplication(application, False)

    def ask():
        for one in service.units["lines"].bound:
            with socket.socket(one.socket.family, one.socket.type) as client:
                client.settimeout(10)
                client.connect(one.socket.getsockname())
                client.sendall(b"hello\n")
                print(client.recv(10))

    reactor.callWhenRunning(lambda: deferToThread(ask).addBoth(lambda result: reactor.stop()))
    reactor.run()
    print(type(reactor).__name__)


def test_a_daemon_in_a_changed_twisted(in_child, tmp_path):
    answers = in_child(serve_in_a_changed_twisted, str(tmp_path), install=False).stdout.splitlines()
    assert answers == ["b'hello\\n'", "b'hello\\n'", "b'hello\\n'", "AsyncioSelectorReactor"]
