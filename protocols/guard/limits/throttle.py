"""How fast a source is read from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from protocols.guard.limits.source_limits import SourceLimits
from protocols.guard.limits.tally import ALONE, Tally, second_of

_REPLACED: Final = ("pauseProducing", "resumeProducing", "count_messages")


class Throttle:
    """Reads from each source no more bytes and messages a second than it may send, on average, whatever its
    connections are.

    What has come is always delivered; it is the reading that waits, so that the source's kernel does.

    :param over: is told the source and the limit whenever a connection is made to wait or, where nobody
        waits, is closed.
    """

    def __init__(
        self,
        limits: SourceLimits,
        clock: IReactorTime,
        over: Callable[[str, str], None],
        tally: Tally = ALONE,
    ) -> None:
        self.waits = limits.over == "wait"
        self.clock = clock
        self.over = over
        self._bytes = tally.buckets("byte_rate", limits.byte_rate, second_of(limits.byte_rate))
        self._messages = tally.buckets("message_rate", limits.message_rate, second_of(limits.message_rate))

    def meter(self, transport: Any, source: str) -> Meter:
        """What counts what comes by `transport`, which is told of messages from now on."""
        return Meter(self, transport, source)

    def charge_bytes(self, source: str, number: int) -> float:
        """Seconds for which no more may come from `source`, which has sent so many bytes."""
        return self._bytes.charge(source, number, self.clock.seconds())

    def charge_messages(self, source: str, number: int) -> float:
        """Seconds for which no more may come from `source`, which has sent so many messages."""
        return self._messages.charge(source, number, self.clock.seconds())


class Meter:
    """Counts what comes by one transport, and pauses that for a while when it is too much.

    The protocol pauses and resumes it as before: it is read from when neither of the two would have it wait.
    """

    __slots__ = ("_held", "_pause", "_protocol_waits", "_resume", "_source", "_throttle", "_transport")

    def __init__(self, throttle: Throttle, transport: Any, source: str) -> None:
        self._throttle = throttle
        self._transport = transport
        self._source = source
        self._pause = transport.pauseProducing
        self._resume = transport.resumeProducing
        self._held: IDelayedCall | None = None
        """Ends the pause, if there is one."""
        self._protocol_waits = False
        # On this one transport, in place of its methods: what stands in between would be in the way of
        # every read and write.
        transport.pauseProducing = self._paused
        transport.resumeProducing = self._resumed
        transport.count_messages = self.count_messages

    def begin(self) -> None:
        """Nothing has come yet: what its source has sent by others counts for this one, too."""
        throttle, source = self._throttle, self._source
        owed = {
            "byte_rate": throttle.charge_bytes(source, 0),
            "message_rate": throttle.charge_messages(source, 0),
        }
        limit = max(owed, key=owed.__getitem__)
        if owed[limit]:
            self._over(limit, owed[limit])

    def around(self, protocol: Any) -> Callable[[bytes], None]:
        """What gives `protocol` bytes, and counts them."""
        charge, source = self._throttle.charge_bytes, self._source

        def measured(data: bytes) -> None:
            wait = charge(source, len(data))
            protocol.dataReceived(data)  # looked up each time: it may stand for one, and then for another
            if wait:
                self._over("byte_rate", wait)

        return measured

    def stop(self) -> None:
        """The connection is gone.  The transport forgets this, or the two would wait for the garbage
        collector, and so does the clock."""
        if self._held is not None:
            self._held.cancel()
            self._held = None
        for name in _REPLACED:
            del self._transport.__dict__[name]

    def count_messages(self, number: int) -> None:
        """So many more messages have come (see :mod:`protocols.metering`)."""
        wait = self._throttle.charge_messages(self._source, number)
        if wait:
            self._over("message_rate", wait)

    def _over(self, limit: str, wait: float) -> None:
        throttle = self._throttle
        throttle.over(self._source, limit)
        if not throttle.waits:
            self._transport.abortConnection()
        elif self._held is None:
            self._held = throttle.clock.callLater(wait, self._release)
            self._pause()

    def _release(self) -> None:
        self._held = None
        if not self._protocol_waits:
            self._resume()

    def _paused(self) -> None:
        self._protocol_waits = True
        self._pause()

    def _resumed(self) -> None:
        self._protocol_waits = False
        if self._held is None:
            self._resume()
