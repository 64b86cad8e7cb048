"""Lines over TLS with Twisted's LineReceiver and listenSSL on the epoll reactor: ``… CERTIFICATE KEY``."""

from __future__ import annotations

import sys

from peers.twisted_lines import Lines  # which installs the reactor
from twisted.internet import reactor, ssl
from twisted.internet.protocol import Factory

if __name__ == "__main__":
    context = ssl.DefaultOpenSSLContextFactory(sys.argv[2], sys.argv[1])
    port = reactor.listenSSL(0, Factory.forProtocol(Lines), context, interface="127.0.0.1")
    print("ready", port.getHost().port, flush=True)
    reactor.run()
