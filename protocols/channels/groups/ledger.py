"""What has become of the messages of a group, on its way to the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.channels.errors import UnavailableError

if TYPE_CHECKING:
    from protocols.channels.channel import Channel

log = Logger(namespace="polyport")

FIRST: Final = 0.5
"""Seconds until a store that did not take something is tried again; twice as long each time."""

LONGEST: Final = 30.0
"""Seconds between two tries, at most: so long may a store be back before anybody notices."""


class Ledger:
    """Tells the store of `channel` what has become of messages that `group` was handed.

    All that is said in one turn of the reactor is written together, and one write is under way at a time.
    What the store does not take is kept, and tried again.

    :param returned: called when the store has one that was given back, with the seconds after which it may
        be handed out.
    """

    def __init__(self, channel: Channel, group: str, returned: Callable[[float], object]) -> None:
        self._channel = channel
        self._group = group
        self._on_returned = returned
        self._settled: dict[int, bool] = {}  # whether by a member, by seq
        self._returned: dict[int, tuple[str, float]] = {}  # why, and when it may be handed out, by seq
        self._under_way: dict[int, bool] = {}  # of those
        self._writes = 0
        self._later: IDelayedCall | None = None
        self._patience = 0.0
        self._is_closed = False

    def __contains__(self, seq: object) -> bool:
        """Whether it is settled, and the store may not know yet."""
        return seq in self._settled or seq in self._under_way

    @property
    def is_busy(self) -> bool:
        """Whether the store does not know everything yet."""
        return bool(self._writes or self._settled or self._returned)

    def settle(self, seqs: Sequence[int], by_member: bool = True) -> None:
        """These are dealt with, by a member or without one."""
        for seq in seqs:
            self._settled.setdefault(seq, by_member)
        if self._returned:
            for seq in seqs:
                self._returned.pop(seq, None)
        self._write_soon()

    def give_back(self, seq: int, error: str, delay: float) -> None:
        """This is to be handed out again, in `delay` seconds."""
        self._returned[seq] = error, self._channel.clock.seconds() + delay
        self._write_soon()

    def handed_out(self, seq: int) -> None:
        """Somebody has it anew: that it was given back before is of no interest any more."""
        self._returned.pop(seq, None)

    def close(self) -> None:
        """Write what there is now, and no more: the store is about to be closed."""
        self._is_closed = True
        if self._later is not None:
            self._later.cancel()
        self._write()

    def _write_soon(self) -> None:
        if self._is_closed:
            self._write()
        elif self._later is None and not self._writes:
            self._later = self._channel.clock.callLater(self._patience, self._write)

    def _write(self) -> None:
        self._later = None
        store, group = self._channel.store, self._group
        settled, self._settled = self._settled, {}
        returned, self._returned = self._returned, {}
        self._writes += bool(settled) + len(returned)
        if settled:
            self._under_way.update(settled)
            writing: Deferred[int] = store.settle(group, list(settled))
            writing.addCallbacks(
                self._have_settled, self._not_settled, callbackArgs=(settled,), errbackArgs=(settled,)
            )
            writing.addErrback(self._failed).addBoth(self._written)
        now = self._channel.clock.seconds()
        for seq, (error, due) in returned.items():
            delay = max(0.0, due - now)
            giving = store.give_back(group, seq, error, delay)
            giving.addCallbacks(
                self._have_given_back,
                self._not_given_back,
                callbackArgs=(delay,),
                errbackArgs=(seq, error, due),
            )
            giving.addErrback(self._failed).addBoth(self._written)

    def _have_settled(self, count: int, seqs: dict[int, bool]) -> None:
        self._patience = 0.0
        self._no_longer_under_way(seqs)
        self._channel.counts.acked += max(0, count - list(seqs.values()).count(False))

    def _not_settled(self, failure: Failure, seqs: dict[int, bool]) -> None:
        self._no_longer_under_way(seqs)
        self._be_patient(failure)
        self._settled.update(seqs)

    def _no_longer_under_way(self, seqs: dict[int, bool]) -> None:
        for seq in seqs:
            self._under_way.pop(seq, None)

    def _have_given_back(self, _: object, delay: float) -> None:
        self._patience = 0.0
        self._on_returned(delay)

    def _not_given_back(self, failure: Failure, seq: int, error: str, due: float) -> None:
        self._be_patient(failure)
        if seq not in self:
            self._returned.setdefault(seq, (error, due))

    def _be_patient(self, failure: Failure) -> None:
        failure.trap(UnavailableError)
        self._patience = min(max(FIRST, 2 * self._patience), LONGEST)

    def _failed(self, failure: Failure) -> None:
        # It is handed out again when its deadline has passed.
        log.failure(
            "{channel}: what has become of messages of the group {group} could not be written",
            failure=failure,
            channel=self._channel.name,
            group=self._group,
        )

    def _written(self, _: object) -> None:
        self._writes -= 1
        if not self._writes and (self._settled or self._returned) and not self._is_closed:
            self._write_soon()
