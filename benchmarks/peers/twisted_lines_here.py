"""Lines over TCP with Twisted's LineReceiver on Polyport's reactor."""

from __future__ import annotations

from protocols.reactor import install

if __name__ == "__main__":
    install()
    from peers.line_receiver import serve

    serve()
