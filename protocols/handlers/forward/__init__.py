"""Passes what comes on to another server, or one of several, and what that says back: a stream to a stream,
datagrams to datagrams."""

from protocols.handlers.forward.backend import Backend
from protocols.handlers.forward.balance import Balance, Method
from protocols.handlers.forward.checks import HealthChecks
from protocols.handlers.forward.datagrams import DatagramForward
from protocols.handlers.forward.relay import DirectForward
from protocols.handlers.forward.stream import SendProxy, StreamForward, header_of
from protocols.handlers.forward.target import Target

__all__ = [
    "Backend",
    "Balance",
    "DatagramForward",
    "DirectForward",
    "HealthChecks",
    "Method",
    "SendProxy",
    "StreamForward",
    "Target",
    "header_of",
]
