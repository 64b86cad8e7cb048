"""Lines over TLS with Twisted's LineReceiver on Twisted's epoll reactor: ``… CERTIFICATE KEY``."""

from __future__ import annotations

import sys

from twisted.internet import epollreactor

if __name__ == "__main__":
    epollreactor.install()
    from peers.line_receiver import FACTORY
    from twisted.internet import reactor, ssl

    context = ssl.DefaultOpenSSLContextFactory(sys.argv[2], sys.argv[1])
    port = reactor.listenSSL(0, FACTORY, context, interface="127.0.0.1")
    print("ready", port.getHost().port, flush=True)
    reactor.run()
