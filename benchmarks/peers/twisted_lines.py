"""Lines over TCP with Twisted's LineReceiver on Twisted's epoll reactor."""

from __future__ import annotations

from twisted.internet import epollreactor

if __name__ == "__main__":
    epollreactor.install()
    from peers.line_receiver import serve

    serve()
