"""Getting what is published into a stream, each message once."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from protocols.channels.errors import StalledError, TooLargeError, UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.nats.stored_message import headers_of, size_of
from protocols.channels.nats.stream import Stream
from protocols.channels.pending import Pending, Publication

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

INFLIGHT: Final = 256
"""Messages that are sent before the answer to the first has come: enough to keep a cluster busy, few enough
to be sent again."""

RESEND: Final = 5.0
"""Seconds without an answer after which a message is sent again: some more than an election takes."""

SOON: Final = 0.5
"""Seconds after which it is where nobody has taken it, and between two looks at what has no answer."""

HEARD: Final = 2.0
"""Seconds that a receipt waits at most for the message to have been told here: the servers that tell may be
others than those that store."""

PASSES: Final = frozenset({10008, 10009})
"""JetStream's numbers for what passes: there is no leader now, or the one asked is none."""


@dataclass(slots=True, eq=False)
class _Publishing:
    """A publication that is under way."""

    publication: Publication
    receipts: list[Receipt | None]
    missing: int


@dataclass(slots=True, eq=False)
class _Sending:
    """One of its messages, from when it is sent first until there is an answer."""

    of: _Publishing
    place: int
    entry: Entry
    headers: dict[str, str]
    token: int
    newest: int
    """What had been heard of when it was sent first: where it was sent again, a duplicate that is newer is
    itself."""
    at: float = 0.0
    times: int = 0


@dataclass(slots=True)
class _Unheard:
    """A publication that is stored, and was not told here yet."""

    seq: int
    at: float
    publication: Publication
    receipts: list[Receipt] = field(default_factory=list)


class Publisher:
    """Publishes what is `pending` in `stream`.

    Each message has an id there, its own or one that nobody sees: it is sent again after a lost answer, or in
    another connection, and stored once.  JetStream 2.9 takes messages one by one, so that those of others may
    come between the entries of a publication.

    They are sent in their order, without waiting for the answer to each.  Where an answer fails to come, no
    new ones are sent until it does, and all that have none are sent again in their order.  So they keep it
    through the loss of a connection or a server; only where the leader of a stream changes in less than
    :data:`SOON` may up to :data:`INFLIGHT` come before one that was lost between the two.

    :param newest: the seq of the last message that was told here.
    """

    def __init__(self, stream: Stream, pending: Pending, newest: Callable[[], int], reactor: Any) -> None:
        self._stream = stream
        self._pending = pending
        self._newest = newest
        self._clock = reactor
        self._tokens = 0
        self._unsent: deque[_Sending] = deque()
        self._known: dict[int, _Sending] = {}  # all that have no answer, in order
        self._flying: dict[int, None] = {}  # those of them that were sent in this connection
        self._unheard: list[_Unheard] = []
        self._is_stuck = False  # an answer is missing, and what is new has to wait for it
        self._sleeping: Deferred[None] | None = None
        self._idle: Deferred[None] | None = None
        self._look: IDelayedCall | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._known or self._unheard)

    @property
    def unanswered(self) -> int:
        """How many messages were begun with, and have no answer."""
        return len(self._known)

    async def run(self, client: Client) -> None:
        """Publish by `client`, beginning with what has no answer yet, until this is cancelled."""
        from nats.errors import Error

        inbox = client.new_inbox()
        self._flying.clear()
        self._is_stuck = False
        self._unsent = deque(self._known.values())
        with suppress(Error, OSError):  # of a connection that ends; there will be another
            answers = await client.subscribe(f"{inbox}.*", cb=self._answered)
            try:
                await self._send(client, inbox)
            finally:
                await answers.unsubscribe()

    async def _send(self, client: Client, inbox: str) -> None:
        most = client.max_payload
        while True:
            sending = self._next()
            if sending is None:
                self._sleeping = Deferred()
                await self._sleeping
            elif size_of(sending.headers) + len(sending.entry.body) > most:
                # A server ends the connection for it.
                words = f"NATS takes no more than {most} bytes of a message and its headers"
                self._fail(sending.of, TooLargeError(words))
            else:
                sending.at = self._clock.seconds()
                sending.times += 1
                self._flying[sending.token] = None
                subject = self._stream.subjects.subject(sending.entry.key)
                reply = f"{inbox}.{sending.token}"
                await client.publish(subject, sending.entry.body, reply, sending.headers)

    def wake(self) -> None:
        """There is something to be sent."""
        if self._look is None:
            self._look = self._clock.callLater(SOON, self._look_after)
        sleeping, self._sleeping = self._sleeping, None
        if sleeping is not None and not sleeping.called:
            sleeping.callback(None)

    def heard(self) -> None:
        """Something has been told here."""
        if self._unheard:
            self._tell(self._newest())

    def finished(self) -> Deferred[None]:
        """Fires when nothing is under way, and nothing waits."""
        self._idle = idle = Deferred[None]()
        self._check_idle()
        return idle

    def close(self) -> None:
        """Whatever is under way now may be published or not."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        self._tell(None)
        for publishing in {sending.of for sending in self._known.values()}:
            self._fail(publishing, StalledError("the channel is closed; it may have been published"))

    # -- sending ---------------------------------------------------------------------------------------

    def _next(self) -> _Sending | None:
        """What is to be sent now."""
        while len(self._flying) < INFLIGHT:
            if self._is_stuck and not (self._unsent and self._unsent[0].times):
                return None
            if not self._unsent and not self._begin():
                return None
            sending = self._unsent.popleft()
            if sending.token in self._known and sending.token not in self._flying:
                return sending
        return None

    def _begin(self) -> bool:
        """Begin with the next publication; whether there is one."""
        for publication in self._pending.begin(1):
            entries = publication.entries
            publishing = _Publishing(publication, [None] * len(entries), len(entries))
            newest = self._newest()
            for place, entry in enumerate(entries):
                self._tokens = token = self._tokens + 1
                headers = headers_of(entry, self._stream.subjects)
                sending = _Sending(publishing, place, entry, headers, token, newest)
                self._known[token] = sending
                self._unsent.append(sending)
            if not entries:
                self._finish(publishing)
        return bool(self._unsent)

    def _look_after(self) -> None:
        """Send again what has no answer, and forget what nobody waits for any more."""
        self._look = None
        now = self._clock.seconds()
        for publishing in {one.of for one in self._known.values() if one.of.publication.is_told}:
            self._drop(publishing)
        if any(self._known[token].at <= now - RESEND for token in self._flying):
            self._unsent.extendleft(self._known[token] for token in sorted(self._flying, reverse=True))
            self._flying.clear()
        self._check_stuck()
        self._tell(self._newest(), now - HEARD)
        self._check_idle()
        if self.busy or len(self._pending):
            self.wake()

    def _check_stuck(self) -> None:
        """See whether any answer is overdue."""
        long_ago = self._clock.seconds() - SOON
        self._is_stuck = any(self._known[token].at <= long_ago for token in self._flying)

    # -- answers ---------------------------------------------------------------------------------------

    async def _answered(self, message: Msg) -> None:
        sending = self._known.get(int(message.subject.rpartition(".")[2]))
        if sending is None:
            return  # to what was sent twice, or what nobody waits for
        try:
            answer = json.loads(message.data) if message.data else {}
        except ValueError:
            answer = {}
        error = answer.get("error", {})
        if "seq" in answer and not error:
            self._stored(sending, answer["seq"], answer.get("duplicate", False))
        elif not error or error.get("err_code") in PASSES:
            sending.at = self._clock.seconds() - RESEND + SOON  # nobody has taken it
            self._is_stuck = True
        else:
            why = error.get("description", "it failed")
            self._fail(sending.of, UnavailableError(f"JetStream does not take it: {why}"))
        if self._is_stuck:
            self._check_stuck()
        if self._sleeping is not None and len(self._flying) <= INFLIGHT // 2:
            self.wake()

    def _stored(self, sending: _Sending, seq: int, duplicate: bool) -> None:
        del self._known[sending.token]
        self._flying.pop(sending.token, None)
        is_itself = not sending.entry.id or (sending.times > 1 and seq > sending.newest)
        is_new = not duplicate or is_itself
        publishing = sending.of
        publishing.receipts[sending.place] = Receipt(seq, is_new and not self._is_repeated(publishing, seq))
        publishing.missing -= 1
        if not publishing.missing:
            self._finish(publishing)

    @staticmethod
    def _is_repeated(publishing: _Publishing, seq: int) -> bool:
        """Whether an id that is twice in one publication has that seq already."""
        return len(publishing.receipts) > 1 and any(one and one.seq == seq for one in publishing.receipts)

    def _finish(self, publishing: _Publishing) -> None:
        publication = publishing.publication
        receipts = [receipt for receipt in publishing.receipts if receipt is not None]
        self._pending.finish([publication])
        seq = max((receipt.seq for receipt in receipts), default=0)
        if seq <= self._newest():
            publication.published(receipts)
        else:
            self._unheard.append(_Unheard(seq, self._clock.seconds(), publication, receipts))
        self._check_idle()

    def _fail(self, publishing: _Publishing, error: Exception) -> None:
        self._drop(publishing)
        publishing.publication.failed(error)

    def _drop(self, publishing: _Publishing) -> None:
        """Nothing of it is sent any more."""
        for token in [token for token, sending in self._known.items() if sending.of is publishing]:
            del self._known[token]
            self._flying.pop(token, None)
        self._pending.finish([publishing.publication])
        self._check_idle()

    def _tell(self, newest: int | None, since: float | None = None) -> None:
        """Give the receipts of what was told here, or what has waited for it since `since`; of all without
        `newest`."""
        ready: Sequence[_Unheard] = [
            one
            for one in self._unheard
            if newest is None or one.seq <= newest or (since is not None and one.at <= since)
        ]
        if ready:
            self._unheard = [one for one in self._unheard if one not in ready]
            for one in ready:
                one.publication.published(one.receipts)
            self._check_idle()

    def _check_idle(self) -> None:
        if self._idle is not None and not self.busy and not len(self._pending):
            idle, self._idle = self._idle, None
            idle.callback(None)
