"""A producer of Twisted's that a resource has registered, and a client that reads at its own speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Production:
    """Asks `producer` for more when there is room.

    :param streaming: whether it is a push producer, which goes on by itself; a pull producer is asked each
        time that the client waits for more.
    """

    def __init__(self, producer: Any, streaming: bool, reactor: Any) -> None:
        self._producer = producer
        self._streaming = streaming
        self._reactor = reactor
        self._paused = False
        self._asking = False
        self._stopped = False

    def pause(self) -> None:
        """The client does not read."""
        if self._streaming and not self._paused:
            self._paused = True
            self._producer.pauseProducing()

    def resume(self) -> None:
        """There is room again."""
        if self._streaming and self._paused and not self._stopped:
            self._paused = False
            self._producer.resumeProducing()

    def produce(self, wants: Callable[[], bool]) -> None:
        """Ask a pull producer for more, a time per turn of the reactor while the client `wants` any."""
        if self._streaming or self._asking:
            return
        self._asking = True
        self._reactor.callLater(0, self._ask, wants)

    def stop(self) -> None:
        """The client has gone."""
        self._stopped = True
        self._producer.stopProducing()

    def _ask(self, wants: Callable[[], bool]) -> None:
        self._asking = False
        if self._stopped or not wants():
            return
        self._producer.resumeProducing()
        if wants():
            self.produce(wants)
