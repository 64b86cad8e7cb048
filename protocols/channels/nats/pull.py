"""Asking a consumer for messages."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.nats.connection import ANSWER, RejectedError
from protocols.channels.nats.stored_message import ACK, Delivery
from protocols.channels.nats.stream import Stream

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

MARGIN: Final = 1.25
"""What NATS counts of a message besides its body: what is asked for in bytes is so much more."""

EMPTY: Final = frozenset({"404", "408"})
"""Statuses of an answer that is at its end: there is nothing, or no more."""

TOO_LARGE: Final = "409"
"""The next message has more bytes than are asked for; or the consumer is gone."""


class Pull:
    """A consumer of `stream` that gives what it is asked for; one may ask at a time."""

    def __init__(self, stream: Stream, consumer: str, client: Client, clock: Any) -> None:
        self._stream = stream
        self._client = client
        self._clock = clock
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.{consumer}"
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None
        self._got: list[tuple[Msg, Delivery]] = []
        self._wanted = 0
        self._asked = 0
        self._ended: Deferred[str] | None = None

    @classmethod
    async def open(cls, stream: Stream, consumer: str, clock: Any) -> Pull:
        """Ask that consumer.  Raises :class:`UnavailableError`."""
        from nats.errors import Error

        client = stream.connection.client
        if client is None:
            raise UnavailableError(f"NATS is away: {stream.connection.reason}")
        pull = cls(stream, consumer, client, clock)
        try:
            pull._subscription = await client.subscribe(f"{pull._inbox}.*", cb=pull._take)
        except Error as error:
            raise UnavailableError(f"NATS is away: {error}") from error
        return pull

    async def close(self) -> None:
        """Ask no more."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(Exception):  # it goes with the connection
                await subscription.unsubscribe()

    async def fetch(self, most: int, octets: int = 0, patience: float = ANSWER) -> list[tuple[Msg, Delivery]]:
        """What there is: up to `most` messages, and of about `octets`, but one at least; within `patience`
        seconds.

        Raises :class:`UnavailableError`, after which this is of no use any more.
        """
        try:
            status = await self._ask(most, {"max_bytes": round(octets * MARGIN)} if octets else {}, patience)
            if status == TOO_LARGE and not self._got:
                status = await self._ask(1, {}, patience)
            if status and status not in EMPTY and not self._got:
                raise RejectedError(f"the consumer is gone ({status})")
        except UnavailableError:
            await self.close()
            raise
        got, self._got = self._got, []
        return got

    async def _ask(self, most: int, more: dict[str, int], patience: float) -> str:
        """The status with which the answer ends; none if it is whole."""
        from nats.errors import Error

        self._got = []
        self._wanted = most
        self._asked += 1
        self._ended = ended = Deferred[str]()
        payload = json.dumps({"batch": most, "no_wait": True, **more}).encode()
        try:
            await self._client.publish(self._next, payload, f"{self._inbox}.{self._asked}")
        except Error as error:
            raise UnavailableError(f"NATS is away: {error}") from error
        watch = self._clock.callLater(patience, self._end, "")
        try:
            status: str = await ended
        finally:
            self._ended = None
            if watch.active():
                watch.cancel()
        if not status and len(self._got) < most:
            raise StalledError("NATS does not answer")
        return status

    async def _take(self, message: Msg) -> None:
        if self._ended is None:
            return
        if message.reply.startswith(ACK):
            self._got.append((message, Delivery.of(message.reply)))
            if len(self._got) == self._wanted:
                self._end("")
        elif message.subject.endswith(f".{self._asked}"):
            self._end((message.headers or {}).get("Status", TOO_LARGE))

    def _end(self, status: str) -> None:
        if self._ended is not None and not self._ended.called:
            self._ended.callback(status)
