"""Lines with Twisted's LineReceiver, on whatever reactor is installed."""

from __future__ import annotations

from shouting import shout
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver


class Lines(LineReceiver):
    delimiter = b"\n"

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(shout(line))


FACTORY = Factory.forProtocol(Lines)


def serve() -> None:
    """Serve on a port of the system's choice, over TCP."""
    port = reactor.listenTCP(0, FACTORY, interface="127.0.0.1")
    print("ready", port.getHost().port, flush=True)
    reactor.run()
