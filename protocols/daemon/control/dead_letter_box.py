"""Messages that groups have given up, and what becomes of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, Self, TypeAlias

from protocols.channels import Channel
from protocols.channels.groups.dead_letters import HEADERS
from protocols.channels.message import Entry, Message

OPERATORS: Final = "operators"
"""The group of a channel of dead letters that has dealt with those that nobody will see again here."""

AT_A_TIME: Final = 100
"""Letters that are dealt with, or listed, at a time."""

DEADLINE: Final = 60.0
"""Seconds in which that is done: far more than it takes; those of a process that dies meanwhile are seen
again after that."""

Wanted: TypeAlias = Callable[[Message], bool]

Deal: TypeAlias = Callable[[Message], Awaitable[bool]]
"""Deals with a letter; whether it is done with."""


class DeadLetterBox:
    """The letters in the channel `dead`, as operators deal with them.

    They are members of a group of their own: what is listed goes back at once, what was put back or dropped
    is settled, and stays in the log for whoever reads that.
    """

    def __init__(self, dead: Channel) -> None:
        self.channel = dead

    @classmethod
    def of(cls, channel: Channel, group: str = "") -> Iterator[Self]:
        """Those of the groups of `channel`, or of `group` only."""
        groups = [each for name, each in channel.groups.items() if group in ("", name)]
        for dead in dict.fromkeys(each.dead for each in groups if each.dead is not None):
            yield cls(dead)

    async def count(self) -> int:
        """How many there are that nobody has dealt with."""
        extent = await self.channel.store.group(OPERATORS)
        return max(0, self.channel.last - max(extent.position, self.channel.store.extent.first - 1)) + (
            extent.claimed
        )

    async def listed(self, most: int, wanted: Wanted) -> list[Message]:
        """The oldest of those that are `wanted`, up to `most`."""
        found: list[Message] = []

        async def note(letter: Message) -> bool:
            if wanted(letter) and len(found) < most:
                found.append(letter)
            return False

        await self._each(note, lambda: len(found) == most)
        return found

    async def put_back(self, channel: Channel, wanted: Wanted) -> int:
        """Publish those that are `wanted` in `channel`, and be done with them; how many they were."""
        count = 0

        async def publish(letter: Message) -> bool:
            nonlocal count
            if not wanted(letter):
                return False
            await channel.publish_later([self._entry(letter)])
            count += 1
            return True

        await self._each(publish)
        return count

    async def drop(self, wanted: Wanted) -> int:
        """Be done with those that are `wanted`; how many they were."""
        count = 0

        async def forget(letter: Message) -> bool:
            nonlocal count
            count += wanted(letter)
            return wanted(letter)

        await self._each(forget)
        return count

    def _entry(self, letter: Message) -> Entry:
        """What is published again: under an id of its own, so that it is there once, even where the letter is
        seen again because this process has died in between."""
        name = f"retry/{self.channel.name}/{letter.seq}/{letter.time}"
        headers = tuple(header for header in letter.headers if header[0] not in HEADERS)
        return Entry(letter.body, letter.key, name, letter.sender, letter.content_type, headers)

    async def _each(self, deal: Deal, enough: Callable[[], bool] = lambda: False) -> None:
        """Have `deal` say of each there is now whether that is done with; the others go back at the end."""
        store = self.channel.store
        await store.known()
        last = self.channel.last
        held: dict[int, None] = {}
        try:
            while not enough() and (claims := await store.claim(OPERATORS, AT_A_TIME, DEADLINE)):
                held |= dict.fromkeys(claim.message.seq for claim in claims)
                done: list[int] = []
                try:
                    for claim in claims:
                        if claim.message.seq <= last and await deal(claim.message):
                            done.append(claim.message.seq)
                finally:
                    await store.settle(OPERATORS, done)
                    held = {seq: None for seq in held if seq not in done}
                if claims[-1].message.seq >= last:
                    break
        finally:
            for seq in held:
                await store.give_back(OPERATORS, seq, "", 0.0)
