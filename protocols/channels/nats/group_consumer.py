"""One group of a channel: a durable consumer."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from twisted.internet.defer import DeferredLock, gatherResults

from protocols.channels.errors import UnavailableError
from protocols.channels.nats.connection import RejectedError
from protocols.channels.nats.pull import Pull
from protocols.channels.nats.stored_message import message_of
from protocols.channels.nats.stream import SECOND, Stream
from protocols.channels.store import Claim, GroupExtent
from protocols.handlers.coroutines import runner

NO_CONSUMER: Final = 10014
"""JetStream's number for a consumer that is not there."""

ERRORS: Final = 1000
"""Reasons that are kept, of each group: those of messages that are tried again soon."""

LATE: Final = 0.5
"""Seconds after its time for which a message is looked for: NATS's clock may be behind ours a little."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


@dataclass(slots=True)
class _Held:
    """A message that was handed out here."""

    reply: str
    """Where NATS hears what became of it."""
    due: float
    """When NATS hands it out again, by the reactor's clock."""


class GroupConsumer:
    """The group `name` of `stream`.

    JetStream remembers what was handed out and settled, for whatever process asks.  Why a message was given
    back it does not: that is known to the process that gave it back, for as long as it lives.
    """

    def __init__(self, stream: Stream, name: str, reactor: Any) -> None:
        self._stream = stream
        self._clock = reactor
        self._run = runner(reactor)
        # What is no name in NATS stands as something that is; a % would break the subject it answers from.
        quoted = quote(name, safe="").replace(".", "%2E").replace("%", "=")
        self._consumer = name if _PLAIN.fullmatch(name) else quoted
        self._deadline = 0.0  # as JetStream has it
        self._held: dict[int, _Held] = {}
        self._forgetting = 0.0  # when to look whose time has passed
        self._errors: OrderedDict[int, str] = OrderedDict()
        self._pull: Pull | None = None
        self._one_by_one = DeferredLock()

    def forget(self) -> None:
        """The connection is gone."""
        self._pull = None
        self._deadline = 0.0

    async def close(self) -> None:
        """Let go of the connection, which others may go on with."""
        pull = self._pull
        self.forget()
        if pull is not None:
            await pull.close()

    async def claim(self, most: int, deadline: float) -> Sequence[Claim]:
        """Hand out up to `most`, for `deadline` seconds.  Raises :class:`UnavailableError`."""
        await self._one_by_one.acquire()
        try:
            return await self._claim(most, deadline)
        finally:
            self._one_by_one.release()

    async def _claim(self, most: int, deadline: float) -> Sequence[Claim]:
        if most <= 0:
            return []
        if deadline != self._deadline:
            await self._make(deadline)
        if self._pull is None:
            self._pull = await Pull.open(self._stream, self._consumer, self._clock)
        try:
            stored = await self._pull.fetch(most)
        except UnavailableError:
            self.forget()
            raise
        now = self._clock.seconds()
        if now >= self._forgetting:
            self._forget_passed(now)
        due = now + deadline
        claims = []
        for message, delivery in stored:
            self._held[delivery.seq] = _Held(message.reply, due)
            error = self._errors.get(delivery.seq, "")
            claims.append(Claim(message_of(message, delivery, self._stream.subjects), delivery.tries, error))
        return claims

    async def settle(self, seqs: Sequence[int]) -> int:
        """They are dealt with; how many of them were handed out here, and not settled here."""
        known = 0
        replies = []
        for seq in seqs:
            held = self._held.pop(seq, None)
            self._errors.pop(seq, None)
            known += held is not None
            replies.append(held.reply if held is not None else self._reply(seq))
        await self._all([self._stream.connection.request(reply, b"+ACK") for reply in replies])
        return known

    async def give_back(self, seq: int, error: str, delay: float) -> None:
        """Hand it out again; nothing if it was not handed out here."""
        held = self._held.get(seq)
        if held is None:
            return
        self._errors[seq] = error
        if len(self._errors) > ERRORS:
            self._errors.popitem(last=False)
        what = b"-NAK"
        if delay > 0:
            what += b" " + json.dumps({"delay": round(delay * SECOND)}).encode()
        await self._stream.connection.request(held.reply, what)
        held.due = self._clock.seconds() + delay
        if delay <= 0 and self._held.get(seq) is held:
            del self._held[seq]  # whoever asks next has it

    async def due(self) -> float | None:
        """Seconds until one is handed out again; what others have is so after the whole deadline at worst."""
        info = await self._info()
        if info is None or not info["num_ack_pending"]:
            self._held.clear()
            return None
        now = self._clock.seconds()
        self._forget_passed(now)
        times: list[float] = [max(0.0, held.due - now) for held in self._held.values()]
        if len(times) < info["num_ack_pending"]:
            times.append(info["config"]["ack_wait"] / SECOND)
        return min(times)

    def _forget_passed(self, now: float) -> None:
        """What was due long enough ago, and has not come here again, is somebody else's."""
        self._forgetting = now + LATE
        for seq in [seq for seq, held in self._held.items() if held.due + LATE <= now]:
            del self._held[seq]

    async def rewind(self, after: int) -> None:
        """Hand out everything behind the seq `after`, and once more what is before that and not settled,
        which JetStream can only do together with all that follows it."""
        info = await self._info()
        if info is not None:
            floor, handed_out = info["ack_floor"]["stream_seq"], info["delivered"]["stream_seq"]
            if info["num_ack_pending"] and after < handed_out:
                after = min(after, floor)
            await self._stream.connection.api(f"CONSUMER.DELETE.{self._stream.name}.{self._consumer}")
        await self.close()
        self._held.clear()
        self._errors.clear()
        last = (await self._stream.extent()).last
        seconds = info["config"]["ack_wait"] / SECOND if info is not None else 30.0
        await self._make(seconds, deliver_policy="by_start_sequence", opt_start_seq=min(after, last) + 1)

    async def extent(self) -> GroupExtent:
        """How far it has come."""
        info = await self._info()
        kept = await self._stream.extent()
        if info is None:
            return GroupExtent(kept.first - 1, 0, is_new=True)
        return GroupExtent(max(info["delivered"]["stream_seq"], kept.first - 1), info["num_ack_pending"])

    async def _make(self, deadline: float, **named: object) -> None:
        """Have the consumer, with that deadline; one that is there begins where it is."""
        info = None if named else await self._info()
        config: dict[str, Any] = {
            "durable_name": self._consumer,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "max_deliver": -1,
            "max_ack_pending": -1,
            **named,
        }
        if info is not None:
            config = dict(info["config"])
        config["ack_wait"] = round(deadline * SECOND)
        if info is None or info["config"]["ack_wait"] != config["ack_wait"]:
            what = f"CONSUMER.DURABLE.CREATE.{self._stream.name}.{self._consumer}"
            await self._stream.connection.api(what, stream_name=self._stream.name, config=config)
        self._deadline = deadline

    async def _info(self) -> dict[str, Any] | None:
        """What JetStream says of the consumer; ``None`` if there is none."""
        try:
            return await self._stream.connection.api(f"CONSUMER.INFO.{self._stream.name}.{self._consumer}")
        except RejectedError as error:
            if error.code != NO_CONSUMER:
                raise
            return None

    def _reply(self, seq: int) -> str:
        """Where NATS hears of a message that was not handed out here: of all this, it looks at the seq."""
        return f"$JS.ACK.{self._stream.name}.{self._consumer}.1.{seq}.{seq}.0.0"

    async def _all(self, requests: list[Any]) -> None:
        """Make `requests` at a time."""
        running = [self._run(request) for request in requests]
        await gatherResults([one for one in running if hasattr(one, "addBoth")], consumeErrors=True)
