"""Datagrams over UDP with a Twisted DatagramProtocol on the epoll reactor."""

from __future__ import annotations

from twisted.internet import epollreactor

epollreactor.install()

from shouting import shout  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.protocol import DatagramProtocol  # noqa: E402


class Datagrams(DatagramProtocol):
    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.transport.write(shout(datagram), addr)


if __name__ == "__main__":
    port = reactor.listenUDP(0, Datagrams(), interface="127.0.0.1")
    print("ready", port.getHost().port, flush=True)
    reactor.run()
