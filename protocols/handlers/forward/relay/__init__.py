"""Streams that are passed on by the kernel: nothing of what goes by is looked at."""

from protocols.handlers.forward.relay.direct import DirectForward

__all__ = ["DirectForward"]
