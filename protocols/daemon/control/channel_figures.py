"""What is told of one channel, in one process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger

from protocols.channels import Channel, ChannelError
from protocols.channels.store import GroupExtent
from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus
from protocols.daemon.control.dead_letter_box import OPERATORS, DeadLetterBox

log = Logger(namespace="polyport")

PATIENCE: Final = 1.0
"""Seconds that a store gets to answer: whoever asks how all is is told of the other channels by then, and a
first process gives up a worker after twice that."""

MISSING: Final = "the store has not answered for {:.0f} s"
"""What is told of one that is asked, with the seconds since then."""

ForwardsOf = Callable[[str], tuple[ForwardStatus, ...]]
"""Where the messages of the channel of that name are sent on to."""


EarlierOf = Callable[[str], Iterable[Channel]]
"""What the channel of that name was before reloads, where somebody still uses it."""


def nowhere(name: str) -> tuple[ForwardStatus, ...]:
    """For channels whose messages stay."""
    return ()


def never(name: str) -> Iterable[Channel]:
    """For channels that have always been what they are."""
    return ()


class Figures:
    """The figures of `channel`; of a store that does not answer, as they last were."""

    def __init__(self, channel: Channel, clock: Any) -> None:
        self.channel = channel
        self._clock = clock
        self._oldest = (0, 0)  # its seq, and when it was taken
        self._newest = (0, 0)
        self._groups: dict[str, GroupExtent] = {}
        self._letters = 0
        self._trouble = ""
        self._is_silent = False
        self._asked_at = 0.0
        self._question: Deferred[None] | None = None

    def look(self) -> Deferred[None]:
        """Have them as they are now, in :data:`PATIENCE` at most.

        A store that hangs is not asked again before it has answered.
        """
        if self._question is not None:
            self._is_silent = self._is_silent or not self._trouble
            return succeed(None)
        self._asked_at = self._clock.seconds()
        question = self._question = Deferred.fromCoroutine(self._ask())

        def done(_: object) -> None:
            self._question = None
            self._is_silent = False
            if not looked.called:
                looked.callback(None)

        def late(_: Deferred[None]) -> None:
            self._is_silent = True

        looked: Deferred[None] = Deferred(late)
        question.addCallback(done)
        if not looked.called:
            looked.addTimeout(PATIENCE, self._clock).addErrback(lambda _: None)
        return looked

    async def _ask(self) -> None:
        channel = self.channel
        try:
            extent = channel.store.extent
            if extent.messages:
                self._oldest = await self._taken(extent.first, self._oldest)
                self._newest = await self._taken(extent.last, self._newest)
            # Also of a channel without groups: who asks for nothing hears of no trouble.
            await channel.store.group(OPERATORS)
            self._groups = {name: await channel.store.group(name) for name in tuple(channel.groups)}
            self._letters = sum([await letters.count() for letters in [*DeadLetterBox.of(channel)]])
            self._trouble = ""
        except ChannelError as error:
            self._trouble = str(error)
        except Exception:  # noqa: BLE001 - who asks how all is shall hear of the rest
            log.failure("{channel}: its figures are not known", channel=channel.name)
            self._trouble = "its figures are not known; the log says why"

    async def _taken(self, seq: int, known: tuple[int, int]) -> tuple[int, int]:
        """`seq`, and when that message was taken."""
        if known[0] == seq:
            return known
        found = self.channel.at_hand(seq - 1, 1) or await self.channel.store.read(seq - 1, 1)
        return (seq, found[0].time) if found else known

    def status(self, forwards: tuple[ForwardStatus, ...], earlier: Iterable[Channel] = ()) -> ChannelStatus:
        """All of it, as far as it is known.

        :param earlier: what the channel was before reloads: who reads that reads the same messages.
        """
        channel, extent = self.channel, self.channel.store.extent
        together = (channel, *earlier)
        there = extent.messages > 0
        return ChannelStatus(
            name=channel.name,
            store=kind_of(channel.store),
            first=extent.first,
            last=extent.last,
            messages=extent.messages,
            octets=extent.octets,
            oldest=self._oldest[1] / 1000 if there and self._oldest[0] else None,
            newest=self._newest[1] / 1000 if there and self._newest[0] else None,
            subscribers=sum(each.subscribers for each in together),
            letters=self._letters,
            counts=_counted(together),
            groups=tuple(self._group(name, together) for name in channel.groups),
            forwards=forwards,
            trouble=channel.store.trouble or self._silence() or self._trouble or channel.trouble,
        )

    def _silence(self) -> str:
        if not self._is_silent:
            return ""
        return MISSING.format(max(self._clock.seconds() - self._asked_at, PATIENCE))

    def _group(self, name: str, together: Iterable[Channel]) -> GroupStatus:
        channel, known = self.channel, self._groups.get(name, GroupExtent(0, 0))
        # What is forgotten is handed out to nobody.
        position = max(known.position, channel.store.extent.first - 1)
        return GroupStatus(
            name=name,
            position=known.position,
            lag=max(0, channel.last - position),
            claimed=known.claimed,
            members=sum(each.groups[name].members for each in together if name in each.groups),
        )


class AllFigures:
    """The figures of all `channels`, of which others may come and go.

    :param forwards: where their messages are sent on to.
    :param earlier: what they were before reloads.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        clock: Any,
        forwards: ForwardsOf = nowhere,
        earlier: EarlierOf = never,
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._forwards = forwards
        self._earlier = earlier
        self._figures: dict[str, Figures] = {}

    def statuses(self) -> Deferred[tuple[ChannelStatus, ...]]:
        """How all of them are; does not fail."""
        known, clock = self._figures, self._clock
        self._figures = figures = {
            name: known[name] if name in known and known[name].channel is channel else Figures(channel, clock)
            for name, channel in self._channels.items()
        }
        looked = DeferredList([each.look() for each in figures.values()])
        return looked.addCallback(
            lambda _: tuple(
                each.status(self._forwards(name), self._earlier(name)) for name, each in figures.items()
            )
        )


def _counted(together: Iterable[Channel]) -> dict[str, int]:
    """What all of them have counted; those of one name may count in one place."""
    counted = Counter[str]()
    for counts in {id(each.counts): each.counts for each in together}.values():
        counted.update(asdict(counts))
    return dict(counted)


def kind_of(store: object) -> str:
    """What the YAML calls such a store: its class is called so, too."""
    return type(store).__name__.removesuffix("Store").lower()
