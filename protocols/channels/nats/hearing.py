"""Hearing of each message of a stream as it is stored: an ordered consumer (NATS, ADR-17)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater

from protocols.channels.errors import UnavailableError
from protocols.channels.message import Message
from protocols.channels.nats.connection import SHORT
from protocols.channels.nats.stored_message import ACK, Delivery, message_of
from protocols.channels.nats.stream import SECOND, Stream

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

HEARTBEAT: Final = 1.0
"""Seconds after which a consumer that has nothing to say says so; up to three times that without a word are
its end, such as that of a server of a cluster."""

LOOK: Final = 1.5
"""Heartbeats from one look whether there was any to the next; nothing between two of them is the end."""

AGAIN: Final = 0.2
"""Seconds before another is made."""


class Hearing:
    """Tells `heard` of the messages of `stream` behind :attr:`position`, in order, each once.

    nats-py has such consumers too; but theirs do not outlive what ours has to: a connection, and an attempt
    to make the next one that fails.

    .. attribute:: position

       The seq of the last that was told.
    """

    def __init__(self, stream: Stream, heard: Callable[[Sequence[Message]], object], reactor: Any) -> None:
        self.position = 0
        self._stream = stream
        self._heard = heard
        self._reactor = reactor

    async def run(self, client: Client) -> None:
        """Hear, until this is cancelled."""
        while True:
            with suppress(UnavailableError):
                await self._listen(client)
            await deferLater(self._reactor, AGAIN)

    async def _listen(self, client: Client) -> None:
        from nats.errors import Error

        name = self._stream.name
        inbox = client.new_inbox()
        ear = _Ear(self, client)
        try:
            subscription = await client.subscribe(inbox, cb=ear.take)
        except Error as error:
            raise UnavailableError(str(error)) from error
        try:
            config = {
                "deliver_subject": inbox,
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": self.position + 1,
                "ack_policy": "none",
                "max_deliver": 1,
                "flow_control": True,
                "idle_heartbeat": round(HEARTBEAT * SECOND),
                "num_replicas": 1,
                "mem_storage": True,
            }
            await self._stream.connection.api(
                f"CONSUMER.CREATE.{name}", patience=SHORT, stream_name=name, config=config
            )
            ear.watch()
            await ear.broken
        finally:
            ear.stop()
            with suppress(Error, OSError):
                await subscription.unsubscribe()

    def take(self, stored: Sequence[tuple[Msg, Delivery]]) -> None:
        """These have come, in order; where some between them were forgotten, they are told apart."""
        run: list[Message] = []
        for message, delivery in stored:
            if delivery.seq <= self.position:
                continue
            if run and delivery.seq != self.position + 1:
                self._heard(run)
                run = []
            self.position = delivery.seq
            run.append(message_of(message, delivery, self._stream.subjects))
        if run:
            self._heard(run)

    @property
    def clock(self) -> Any:
        """For timers."""
        return self._reactor


class _Ear:
    """One consumer, until it has missed something or is silent: then `broken` fires."""

    def __init__(self, hearing: Hearing, client: Client) -> None:
        self.broken: Deferred[None] = Deferred()
        self._hearing = hearing
        self._client = client
        self._place = 0
        self._fresh: list[tuple[Msg, Delivery]] = []
        self._silent = False
        self._watch: IDelayedCall | None = None

    def watch(self) -> None:
        """See from time to time whether it still says anything."""
        if self._silent:
            self._break()
            return
        self._silent = True
        self._watch = self._hearing.clock.callLater(LOOK * HEARTBEAT, self.watch)

    def stop(self) -> None:
        """Hear nothing more."""
        self._fresh.clear()
        if self._watch is not None and self._watch.active():
            self._watch.cancel()
        self._break()

    async def take(self, message: Msg) -> None:
        """What the consumer sends; all that comes in one turn of the loop is told together."""
        self._silent = False
        if self.broken.called:
            return
        if not message.reply.startswith(ACK):
            await self._control(message)
            return
        delivery = Delivery.of(message.reply)
        if delivery.place != self._place + 1:
            self._break()
            return
        self._place = delivery.place
        if not self._fresh:
            asyncio.get_running_loop().call_soon(self._tell)
        self._fresh.append((message, delivery))

    async def _control(self, message: Msg) -> None:
        """A heartbeat, or the question whether we have come so far."""
        headers = message.headers or {}
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) != self._place:
            self._break()
        reply = message.reply or headers.get("Nats-Consumer-Stalled")
        if reply:
            await self._client.publish(reply)

    def _tell(self) -> None:
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._hearing.take(fresh)

    def _break(self) -> None:
        if not self.broken.called:
            self.broken.callback(None)
