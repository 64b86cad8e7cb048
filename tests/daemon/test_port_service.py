"""A service in the reactor, from the first connection to the last."""

from __future__ import annotations

import io
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase

from protocols.daemon.carriers import Carriers
from protocols.daemon.log import observer
from protocols.daemon.port_service import PortService
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
    """Its connections never finish, and abort only when the test lets them."""

    def __init__(self):
        self.events = []
        self.drained = Deferred()

    def drain(self):
        self.events.append("drain")
        return self.drained

    def abort(self):
        self.events.append("abort")

    def startFactory(self):
        self.events.append("start")

    def stopFactory(self):
        self.events.append("stop")


class PortServiceTests(TestCase):
    timeout = 20

    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "socket"
        self.written = io.StringIO()
        writing = observer("text", "info", self.written)
        globalLogPublisher.addObserver(writing)
        self.addCleanup(globalLogPublisher.removeObserver, writing)
        self.clock = MovedTime()

    def service(self, *urls, stream=None, datagram=None, drain=30.0, stops=()):
        bound = [one for url in urls for one in bind(Address.parse(url), {})]
        for one in bound:
            self.addCleanup(one.close)
        carriers = Carriers(Journal("tested"), stream, datagram, None, list(stops))
        service = PortService("tested", carriers, bound, self.clock, drain)
        service.startService()
        return service

    def stuck(self, drain):
        self.factory = StuckFactory()
        service = self.service(f"unix:{self.path}", stream=self.factory, drain=drain)
        self.ended = []
        service.stopService().addCallback(lambda _: self.ended.append("end"))

    def test_a_path_is_gone_and_nobody_is_let_in_as_soon_as_it_stops(self):
        self.stuck(30)
        self.assertFalse(self.path.exists())
        with socket.socket(socket.AF_UNIX) as client, self.assertRaises(OSError):
            client.connect(str(self.path))
        self.factory.drained.callback(None)

    @inlineCallbacks
    def test_the_factory_is_stopped_after_the_last_connection(self):
        factory = StuckFactory()
        order = factory.events
        service = self.service(f"unix:{self.path}", stream=factory, stops=[lambda: order.append("ended")])
        stopped = service.stopService()
        self.assertEqual(order, ["start", "drain"])
        factory.drained.callback(None)
        yield stopped
        self.assertEqual(order, ["start", "drain", "ended", "stop"])
        self.assertIn("tested: stopped (never used)", self.written.getvalue())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    @inlineCallbacks
    def test_the_deadline_aborts_what_is_left(self):
        self.stuck(3.0)
        yield deferToThread(lambda: None)  # a turn of the reactor: the port has stopped
        self.clock.advance(2.9)
        self.assertEqual(self.factory.events, ["start", "drain"])
        self.clock.advance(0.2)
        self.assertEqual(self.factory.events[:4], ["start", "drain", "abort", "drain"])
        self.assertIn("some connections did not finish within 3 s", self.written.getvalue())

    @inlineCallbacks
    def test_an_aborted_connection_is_not_waited_for_without_end(self):
        self.stuck(0.0)
        yield deferToThread(lambda: None)
        self.clock.advance(0)
        self.factory.drained = Deferred()
        self.clock.advance(1.0)
        self.assertEqual(self.ended, ["end"])

    @inlineCallbacks
    def test_streams_and_datagrams_of_one_service(self):
        handler = FunctionHandler(lambda message: message.upper(), reactor=reactor, run="loop")
        self.addCleanup(handler.stop)
        journal = Journal("tested")
        service = self.service(
            "tcp://127.0.0.1:0",
            f"unix:{self.path}",
            "udp://127.0.0.1:0",
            stream=StreamFactory(handler, Lines(), journal=journal, clock=self.clock),
            datagram=lambda: DatagramServer(handler, journal=journal),
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
        self.assertEqual((yield deferToThread(ask, stream, internet, tcp, b"a\n")), b"A\n")
        self.assertEqual((yield deferToThread(ask, stream, local, unix, b"b\n")), b"B\n")
        self.assertEqual((yield deferToThread(ask, datagram, internet, udp, b"c")), b"C")
        said = self.written.getvalue()
        self.assertIn(f"tested: listening on tcp://127.0.0.1:{tcp[1]}", said)
        self.assertIn(f"tested: listening on unix://{self.path}", said)
        yield service.stopService()
        self.assertTrue(all(one.socket.fileno() == -1 for one in service.bound))
