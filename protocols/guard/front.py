"""What every factory has in common that stands in front of another."""

from __future__ import annotations

from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory


class FrontFactory(Factory):
    """Decides about connections before `inner` builds a protocol for them, and starts and stops with it."""

    noisy = False

    def __init__(self, inner: IProtocolFactory) -> None:
        self.inner = inner

    def doStart(self) -> None:
        self.inner.doStart()

    def doStop(self) -> None:
        self.inner.doStop()
