"""Reading what a stream keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from twisted.internet.task import deferLater

from protocols.channels.errors import StalledError, UnavailableError
from protocols.channels.message import Message
from protocols.channels.nats.connection import ANSWER, SHORT, RejectedError
from protocols.channels.nats.pull import Pull
from protocols.channels.nats.stored_message import message_of
from protocols.channels.nats.stream import SECOND, Stream

CURSORS: Final = 16
"""Consumers that are kept for whoever reads on where they are: making one takes longer than reading by it."""

IDLE: Final = 10.0
"""Seconds after which a server forgets a consumer that nobody uses."""

LAGGING: Final = 0.05
"""Seconds until a server that has not got what another has is asked again."""

ASKED: Final = 40
"""How often: for two seconds."""

PLACES: Final = 5
"""How often a consumer is asked for: it may have been given a server that has just died."""

NO_MESSAGE: Final = 10037
"""JetStream's number for a message that is not there."""


class _Cursor:
    """A consumer that stands behind some message."""

    def __init__(self, pull: Pull, used: float) -> None:
        self.pull = pull
        self.used = used


class History:
    """Reads `stream` by short-lived consumers."""

    def __init__(self, stream: Stream, reactor: Any, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now
        self._clock = reactor
        self._cursors: dict[tuple[int, str], _Cursor] = {}

    def forget(self) -> None:
        """The connection is gone, and the consumers will be."""
        self._cursors.clear()

    async def close(self) -> None:
        """Let go of the connection, which others may go on with."""
        cursors, self._cursors = self._cursors, {}
        for cursor in cursors.values():
            await cursor.pull.close()

    async def read(self, after: int, most: int, key: str, octets: int) -> list[Message]:
        """The next messages behind the seq `after`: up to `most`, and about `octets` of bodies, one at least;
        none only if there is none.  Raises :class:`UnavailableError`."""
        if most <= 0:
            return []
        for _ in range(ASKED):
            found, after = await self._read(after, most, key, octets)
            if found or not await self._are_more(after, key):
                return found
            await deferLater(self._clock, LAGGING)
        raise StalledError("a server of NATS does not get what others have")

    async def _are_more(self, after: int, key: str) -> bool:
        """Whether the leader, which has everything, has any that the server of a consumer has not got."""
        wanted = self._subject(key)
        if not wanted:
            extent = await self._stream.extent()
            return extent.messages > 0 and extent.last > after
        what = f"STREAM.MSG.GET.{self._stream.name}"
        try:
            await self._stream.connection.api(what, seq=after + 1, next_by_subj=wanted)
        except RejectedError as error:
            if error.code != NO_MESSAGE:
                raise
            return False
        return True

    def _subject(self, key: str) -> str:
        """That of the messages with `key`, and of no others; none where they have no such subject."""
        subjects = self._stream.subjects
        return subjects.subject(key) if key and subjects.prefix else ""

    async def _read(self, after: int, most: int, key: str, octets: int) -> tuple[list[Message], int]:
        """As :meth:`read`, of what the server has that is asked; and the seq up to which it has looked."""
        subjects = self._stream.subjects
        wanted = self._subject(key)
        found: list[Message] = []
        got = 0
        while len(found) < most and got < octets:
            pull, is_kept = await self._cursor(after, wanted)
            try:
                stored = await pull.fetch(most - len(found), octets - got, SHORT if is_kept else ANSWER)
                made = [message_of(message, delivery, subjects) for message, delivery in stored]
            except UnavailableError:
                if is_kept:
                    continue  # the consumer was gone
                raise
            except BaseException:
                await pull.close()
                raise
            if not stored:
                await pull.close()
                break
            after = made[-1].seq
            mine = made if wanted or not key else [message for message in made if message.key == key]
            found += mine
            got += sum([len(message.body) for message in mine])
            await self._keep(after, wanted, pull)
        return found, after

    async def seq_before(self, time: int) -> int:
        """The seq of the last message from before `time`, in milliseconds since the epoch."""
        # What is further away, it cannot say; nor is there anything.
        seconds = min(time / 1000, self._now() + 86_400)
        start = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
        found = await self._make(
            deliver_policy="by_start_time", opt_start_time=start, inactive_threshold=SECOND
        )
        seq: int = found["delivered"]["stream_seq"]
        return seq

    async def _cursor(self, after: int, subject: str) -> tuple[Pull, bool]:
        """A consumer that stands behind `after`, and whether it was there already."""
        cursor = self._cursors.pop((after, subject), None)
        if cursor is not None and cursor.used > self._clock.seconds() - IDLE / 2:
            return cursor.pull, True
        if cursor is not None:
            await cursor.pull.close()
        made = await self._make(
            deliver_policy="by_start_sequence",
            opt_start_seq=after + 1,
            inactive_threshold=round(IDLE * SECOND),
            **({"filter_subject": subject} if subject else {}),
        )
        return await Pull.open(self._stream, made["name"], self._clock), False

    async def _make(self, **named: object) -> dict[str, Any]:
        name = self._stream.name
        config = {"ack_policy": "none", "num_replicas": 1, "mem_storage": True, **named}
        for attempt in range(1, PLACES + 1):
            try:
                return await self._stream.connection.api(
                    f"CONSUMER.CREATE.{name}", patience=SHORT, stream_name=name, config=config
                )
            except StalledError:
                if attempt == PLACES:
                    raise
        raise AssertionError("it was asked for at least once")

    async def _keep(self, after: int, subject: str, pull: Pull) -> None:
        self._cursors[after, subject] = _Cursor(pull, self._clock.seconds())
        if len(self._cursors) > CURSORS:
            oldest = self._cursors.pop(next(iter(self._cursors)))
            await oldest.pull.close()
