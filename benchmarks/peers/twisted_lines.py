"""Lines over TCP with Twisted's LineReceiver on the epoll reactor."""

from __future__ import annotations

from twisted.internet import epollreactor

epollreactor.install()

from shouting import shout  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.protocol import Factory  # noqa: E402
from twisted.protocols.basic import LineReceiver  # noqa: E402


class Lines(LineReceiver):
    delimiter = b"\n"

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(shout(line))


if __name__ == "__main__":
    port = reactor.listenTCP(0, Factory.forProtocol(Lines), interface="127.0.0.1")
    print("ready", port.getHost().port, flush=True)
    reactor.run()
