"""Passes what comes on to another server, and what that says back: a stream to a stream, datagrams to
datagrams."""

from protocols.handlers.forward.datagrams import DatagramForward
from protocols.handlers.forward.stream import SendProxy, StreamForward
from protocols.handlers.forward.target import Target

__all__ = ["DatagramForward", "SendProxy", "StreamForward", "Target"]
