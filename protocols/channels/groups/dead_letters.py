"""What a group has given up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from protocols.channels.errors import ChannelError, UnavailableError
from protocols.channels.message import Entry, Receipt
from protocols.channels.store import Claim
from protocols.codec import DecodeError

if TYPE_CHECKING:
    from protocols.channels.groups.group import Group
    from protocols.channels.groups.ledger import Ledger

log = Logger(namespace="polyport")

AGAIN: Final = 10.0
"""Seconds until a dead letter that the channel for them did not take is published again."""

UNSAID: Final = "nobody has dealt with it in time"
"""The error of a message that was never given back."""

HEADERS: Final = ("channel", "seq", "group", "tries", "error", "time")
"""What a dead letter says of where it comes from; ``time`` is when the message was taken, in milliseconds
since the epoch."""


class DeadLetters:
    """Publishes what `group` has given up in ``group.dead``, and logs and settles it then.

    Publishing it twice, as after a crash between the two, is publishing it once: its id says where it comes
    from, and when that was, since a channel in memory counts from 1 each time the process starts.
    """

    def __init__(self, group: Group, ledger: Ledger) -> None:
        self._group = group
        self._ledger = ledger
        self._under_way: set[int] = set()
        self._is_refused = False

    def bury(self, claim: Claim) -> None:
        """Nobody shall have it any more."""
        seq = claim.message.seq
        if seq in self._under_way:
            return
        dead = self._group.dead
        if dead is None:
            self._buried(claim)
            return
        self._under_way.add(seq)
        published = dead.publish_later([self._letter(claim)])
        published.addCallbacks(self._published, self._not_buried, callbackArgs=(claim,), errbackArgs=(claim,))
        published.addErrback(self._group.failed)

    def _letter(self, claim: Claim) -> Entry:
        group, message = self._group, claim.message
        kept = [header for header in message.headers if header[0] not in HEADERS]
        said = (
            group.channel.name,
            str(message.seq),
            group.name,
            str(self._tries(claim)),
            claim.error or UNSAID,
            str(message.time),
        )
        return Entry(
            message.body,
            message.key,
            f"{group.channel.name}/{group.name}/{message.seq}/{message.time}",
            message.sender,
            message.content_type,
            (*kept, *zip(HEADERS, said, strict=True)),
        )

    def _tries(self, claim: Claim) -> int:
        """How often it was tried; a group notices with the claim after the last one."""
        return self._group.terms.tries or claim.tries

    def _published(self, _: Sequence[Receipt], claim: Claim) -> None:
        self._under_way.discard(claim.message.seq)
        self._buried(claim)

    def _buried(self, claim: Claim) -> None:
        seq = claim.message.seq
        # Without a channel for them it is lost.
        level = LogLevel.error if self._group.dead is None else LogLevel.warn
        log.emit(
            level,
            "{channel}: the group {group} has given up message {seq} (tries: {tries}): {reason}",
            channel=self._group.channel.name,
            group=self._group.name,
            seq=seq,
            tries=self._tries(claim),
            reason=claim.error or UNSAID,
        )
        self._is_refused = False
        self._group.channel.counts.dead += 1
        self._ledger.settle([seq], by_member=False)

    def _not_buried(self, failure: Failure, claim: Claim) -> None:
        seq = claim.message.seq
        self._under_way.discard(seq)
        self._ledger.give_back(seq, claim.error, AGAIN)
        if failure.check(UnavailableError):
            return
        if not failure.check(ChannelError, DecodeError):
            self._group.failed(failure)
        elif not self._is_refused:
            # It does not get better by itself: somebody has to change the channel for dead letters.
            self._is_refused = True
            log.error(
                "{channel}: {dead} does not take message {seq}, given up by the group {group}: {error}",
                channel=self._group.channel.name,
                dead=self._group.dead.name if self._group.dead else "",
                seq=seq,
                group=self._group.name,
                error=failure.value,
            )
