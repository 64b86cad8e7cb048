"""A service in the reactor, from the first connection to the last."""

from __future__ import annotations

import io
import socket

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import globalLogPublisher

from protocols.daemon.carriers import Carriers
from protocols.daemon.log import Threshold, observer
from protocols.daemon.port_service import AFTER_ABORT, PortService
from protocols.daemon.sockets import bind
from protocols.daemon.spec.address import Address
from protocols.datagram import DatagramServer
from protocols.framing import Lines
from protocols.handlers import FunctionHandler
from protocols.journal import Journal
from protocols.stream import StreamFactory


class MovedTime(Clock):
    """The real reactor, but for the time, which the test moves."""

    def __getattr__(self, name):
        return getattr(reactor, name)


class StuckFactory(Factory):
    """Its connections finish when the test says so, and never once they are aborted."""

    def __init__(self):
        self.events = []
        self.drained = Deferred()

    def drain(self):
        self.events.append("drain")
        return Deferred() if len(self.events) > 3 else self.drained

    def abort(self):
        self.events.append("abort")

    def startFactory(self):
        self.events.append("start")

    def stopFactory(self):
        self.events.append("stop")


class Setting:
    """A service to test, and what it is tested with."""

    def __init__(self, folder):
        self.path = folder / "socket"
        self.written = io.StringIO()
        self.clock = MovedTime()
        self.bound = []
        self.ended = []

    def service(self, *urls, stream=None, datagram=None, drain=30.0, stops=()):
        bound = [one for url in urls for one in bind(Address.parse(url), {})]
        self.bound += bound
        carriers = Carriers(Journal("tested"), stream, datagram, None, list(stops))
        service = PortService("tested", carriers, bound, self.clock, drain)
        service.startService()
        return service

    def stuck(self, drain):
        """A service that was told to stop, and does not."""
        factory = StuckFactory()
        service = self.service(f"unix:{self.path}", stream=factory, drain=drain)
        service.stopService().addCallback(lambda _: self.ended.append("end"))
        return factory


@pytest.fixture
def setting(tmp_path):
    setting = Setting(tmp_path)
    writing = observer("text", Threshold(), setting.written)
    globalLogPublisher.addObserver(writing)
    yield setting
    globalLogPublisher.removeObserver(writing)
    for one in setting.bound:
        one.close()


def test_a_path_is_gone_and_nobody_is_let_in_as_soon_as_it_stops(setting):
    factory = setting.stuck(30)
    assert not setting.path.exists()
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
        client.connect(str(setting.path))
    factory.drained.callback(None)
    setting.clock.advance(0)
    assert setting.ended == ["end"]


def test_the_factory_is_stopped_after_the_last_connection(setting):
    factory = StuckFactory()
    order = factory.events
    service = setting.service(f"unix:{setting.path}", stream=factory, stops=[lambda: order.append("ended")])
    service.stopService().addCallback(lambda _: order.append("stopped"))
    setting.clock.advance(0)
    assert order == ["start", "drain"]
    factory.drained.callback(None)
    assert order == ["start", "drain", "ended", "stop", "stopped"]
    assert "tested: stopped (never used)" in setting.written.getvalue()
    assert setting.clock.getDelayedCalls() == []


def test_the_deadline_aborts_what_is_left(setting):
    factory = setting.stuck(3.0)
    setting.clock.advance(0)  # a turn of the reactor: the port has stopped
    setting.clock.advance(2.9)
    assert factory.events == ["start", "drain"]
    setting.clock.advance(0.2)
    assert factory.events[:4] == ["start", "drain", "abort", "drain"]
    assert "some connections did not finish within 3 s" in setting.written.getvalue()


def test_an_aborted_connection_is_not_waited_for_without_end(setting):
    setting.stuck(0.0)
    setting.clock.advance(0)
    setting.clock.advance(0)
    assert setting.ended == []
    setting.clock.advance(AFTER_ABORT)
    assert setting.ended == ["end"]


@pytest_twisted.inlineCallbacks
def test_streams_and_datagrams_of_one_service(setting):
    handler = FunctionHandler(lambda message: message.upper(), reactor=reactor, run="loop")
    journal = Journal("tested")
    service = setting.service(
        "tcp://127.0.0.1:0",
        f"unix:{setting.path}",
        "udp://127.0.0.1:0",
        stream=StreamFactory(handler, Lines(), journal=journal, clock=setting.clock),
        datagram=lambda: DatagramServer(handler, journal=journal),
        stops=[handler.stop],
    )
    tcp, unix, udp = (one.socket.getsockname() for one in service.bound)

    def ask(kind, family, place, question):
        with socket.socket(family, kind) as sock:
            sock.settimeout(20)
            sock.connect(place)
            sock.sendall(question)
            return sock.recv(100)

    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    internet, local = socket.AF_INET, socket.AF_UNIX
    assert (yield deferToThread(ask, stream, internet, tcp, b"a\n")) == b"A\n"
    assert (yield deferToThread(ask, stream, local, unix, b"b\n")) == b"B\n"
    assert (yield deferToThread(ask, datagram, internet, udp, b"c")) == b"C"
    said = setting.written.getvalue()
    assert f"tested: listening on tcp://127.0.0.1:{tcp[1]}" in said
    assert f"tested: listening on unix://{setting.path}" in said
    stopped = service.stopService()
    # Its ports close in turns of the two clocks.
    turns = LoopingCall(setting.clock.advance, 0)
    turns.start(0.01)
    yield stopped
    turns.stop()
    assert all(one.socket.fileno() == -1 for one in service.bound)


def test_what_takes_its_time_to_end_is_waited_for(setting, failures):
    last: Deferred[None] = Deferred()
    order = []
    factory = StuckFactory()
    factory.drained.callback(None)
    service = setting.service(f"unix:{setting.path}", stream=factory, stops=[lambda: last, lambda: 1 / 0])
    service.stopService().addCallback(lambda _: order.append("stopped"))
    setting.clock.advance(0)
    assert order == []
    last.callback(None)
    assert order == ["stopped"]
    failures.take(ZeroDivisionError)
