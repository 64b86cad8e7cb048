"""The channels on the screen of ``polyport top``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table
from rich.text import Text

from protocols.daemon.command.amounts import number, size
from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.printable import printable

PART: Final = 3
"""A part of so many of the lines there are is for channels, at most: services are looked at more."""

HEAD: Final = 2
"""Lines above the first channel."""

TITLES: Final = ("CHANNEL", "SUBS", "PUB/s", "OUT/s", "DROP/s", "LAG", "DEAD", "MSGS", "SIZE")


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One channel, within the last interval; a second each."""

    channel: ChannelStatus
    published: float = 0.0
    delivered: float = 0.0
    dropped: float = 0.0


def channel_rows(
    before: Iterable[ChannelStatus], after: Iterable[ChannelStatus], seconds: float
) -> list[ChannelRow]:
    """What has passed from one look to the next, `seconds` later; the busiest first."""
    known = {one.name: one.counts for one in before}

    def rates(one: ChannelStatus) -> ChannelRow:
        was = known.get(one.name, one.counts)
        # Less than before: its process is new.
        passed = [
            max(0, one.counts.get(field, 0) - was.get(field, 0)) / seconds
            for field in ("published", "delivered", "dropped")
        ]
        return ChannelRow(one, *passed)

    return sorted(map(rates, after), key=lambda row: row.published + row.delivered, reverse=True)


def lines_of(channels: int, height: int) -> int:
    """How many of `height` lines they take, with what stands above them."""
    shown = min(channels, height // PART - HEAD)
    return shown + HEAD if shown > 0 else 0


def channel_table(rows: Sequence[ChannelRow]) -> Table:
    """The channels `rows`."""
    table = Table(box=None, pad_edge=False, expand=True, header_style="bold")
    for index, title in enumerate(TITLES):
        right = index > 0
        table.add_column(
            Text(title),
            justify="right" if right else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=None if right else 1,
        )
    for row in rows:
        one = row.channel
        lag = max((group.lag for group in one.groups), default=0)
        style = "red" if one.trouble else "yellow" if one.letters or row.dropped else ""
        table.add_row(
            Text(printable(one.name)),
            number(one.subscribers),
            number(row.published),
            number(row.delivered),
            number(row.dropped),
            number(lag) if one.groups else "-",
            number(one.letters),
            number(one.messages),
            size(one.octets),
            style=style,
        )
    return table
