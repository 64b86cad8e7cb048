"""What is past, as lines of JSON."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from protocols.channels.batch import Batch
from protocols.channels.channel import Channel
from protocols.channels.errors import UnavailableError
from protocols.channels.message_json import as_line
from protocols.channels.store import Exported
from protocols.http.routes.channel.refusals import refusal
from protocols.http.source import Source

PIECE_MESSAGES: Final = 8192
"""Messages of a piece: small ones fill one by then."""


class History(Source):
    """The messages of `channel` behind `position`, up to the newest there is now, as lines; they have an end,
    however many come meanwhile.

    Pieces are what the store gives, and are not looked at.  Reading fails with
    :class:`~protocols.http.errors.HTTPError` (503) where the store fails.

    :param limit: messages; 0: all.
    :param key: only messages of that key.

    .. attribute:: position

       The seq behind which the next piece begins.

    .. attribute:: through

       The seq of the last message that may be among them.
    """

    def __init__(self, channel: Channel, position: int, limit: int = 0, key: str = "") -> None:
        self._store = channel.store
        self._key = key
        self._left = limit or -1
        self.position = self.begins_at = position
        # Who begins ahead of what was heard of here has what is up to there.
        self.through = max(channel.last, position)
        if limit and not key:
            # There are no gaps behind the oldest that is kept.
            oldest = self._store.extent.first
            self.through = min(self.through, max(position, oldest - 1) + limit)
            self._left = -1
        self._begun: list[bytes] | None = None
        self._reading: Deferred[bytes | None] | None = None
        self._ahead: Deferred[bytes | None] | None = None

    @classmethod
    def of(cls, channel: Channel, batch: Batch, limit: int) -> History:
        """What has just come, and is here."""
        history = cls(channel, batch.messages[0].seq - 1)
        if limit and len(batch) > limit:
            history._begun = [b"".join(batch.rendered(as_line)[:limit])]
            history.through = batch.messages[limit - 1].seq
        else:
            history._begun = [batch.joined(as_line)]
            history.through = batch.last
        history.position = history.through
        return history

    @property
    def over(self) -> bool:
        """Whether everything has been read from the store."""
        return self._left == 0 or self.position >= self.through

    @property
    def whole(self) -> bool:
        """Whether the first piece is all of it."""
        return self.over and self._begun is not None and len(self._begun) < 2

    @property
    def ends_at(self) -> int | None:
        """The seq behind which to go on afterwards; ``None``: it is not known before the end."""
        if self.over:
            return self.position
        return self.through if self._left < 0 else None

    async def begin(self) -> bytes:
        """Read the first piece, which :meth:`read` gives again; empty if there is none."""
        if self._begun is None:
            self._begun = []
            # Whether the first is all that there is of a key, only the next piece tells.
            for _ in range(2 if self._key else 1):
                piece = self._next()
                octets = None if piece is None else await piece
                if octets:
                    self._begun.append(octets)
        return self._begun[0] if self._begun else b""

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._begun:
            first = self._begun.pop(0)
            return first if self._begun else self._read_ahead(first)
        ahead, self._ahead = self._ahead, None
        piece = self._next() if ahead is None else ahead
        return None if piece is None else piece.addCallback(self._read_ahead)

    def close(self) -> None:
        self._begun = []
        self._left = 0
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.addErrback(_unwanted)
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()

    def _read_ahead(self, piece: bytes | None) -> bytes | None:
        """The store reads one piece while another is sent."""
        if piece is not None:
            self._ahead = self._next()
        return piece

    def _next(self) -> Deferred[bytes | None] | None:
        if self.over:
            return None
        most = PIECE_MESSAGES if self._left < 0 else min(self._left, PIECE_MESSAGES)
        exported = self._store.export(self.position, self.through, most, self._key)
        self._reading = exported.addCallbacks(self._take, self._failed)
        return self._reading

    def _take(self, exported: Exported) -> bytes | None:
        self._reading = None
        octets, messages, position = exported
        if not octets:
            self.position = self.through
            return None
        self.position = position
        if self._left > 0:
            self._left -= messages
        return octets

    def _failed(self, failure: Failure) -> Failure:
        self._reading = None
        error = failure.value
        if isinstance(error, UnavailableError):
            raise refusal(error) from error
        return failure


def _unwanted(failure: Failure) -> None:
    """Nobody waits for it any more."""
