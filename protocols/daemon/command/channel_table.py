"""What is printed of channels."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.daemon.command.amounts import duration, number, size
from protocols.daemon.command.table import aligned
from protocols.daemon.control.channel_status import ChannelStatus
from protocols.daemon.printable import printable

_CHANNEL = ("CHANNEL", "STORE", "MESSAGES", "SIZE", "SEQ", "OLDEST", "NEWEST", "SUBS", "IN", "OUT", "DEAD")
_SLOW = {"dropped": "MISSED", "disconnected": "CUT", "waited": "WAITED"}
"""What has come of slow readers, where anything has."""
_GROUP = ("GROUP", "OF", "MEMBERS", "POSITION", "LAG", "HELD")
_FORWARD = ("FORWARD", "OF", "SENT", "FAILED", "DEAD", "TO")


def channel_lines(channels: Sequence[ChannelStatus], now: float) -> list[str]:
    """Tables of `channels`, of their groups and of where they are sent on to, and what is wrong; nothing if
    there are none."""
    if not channels:
        return []
    slow = {
        field: heading for field, heading in _SLOW.items() if any(one.counts.get(field) for one in channels)
    }
    rows = [(*_channel(one, now), *(number(one.counts.get(field, 0)) for field in slow)) for one in channels]
    headings = (*_CHANNEL, *slow.values())
    lines = aligned([headings, *rows], range(2, len(headings)))
    groups = [row for one in channels for row in _groups(one)]
    if groups:
        lines += ["", *aligned([_GROUP, *groups], range(2, len(_GROUP)))]
    forwards = [row for one in channels for row in _forwards(one)]
    if forwards:
        lines += ["", *aligned([_FORWARD, *forwards], (2, 3, 4))]
    troubles = [line for one in channels for line in _troubles(one, now)]
    return [*lines, "", *troubles] if troubles else lines


def _channel(one: ChannelStatus, now: float) -> tuple[str, ...]:
    return (
        printable(one.name),
        one.store,
        number(one.messages),
        size(one.octets),
        str(one.last),
        _ago(one.oldest, now),
        _ago(one.newest, now),
        str(one.subscribers),
        number(one.counts.get("published", 0)),
        number(one.counts.get("delivered", 0)),
        str(one.letters),
    )


def _ago(moment: float | None, now: float) -> str:
    return "-" if moment is None else duration(now - moment)


def _groups(one: ChannelStatus) -> list[tuple[str, ...]]:
    return [
        (
            printable(group.name),
            printable(one.name),
            str(group.members),
            str(group.position),
            number(group.lag),
            number(group.claimed),
        )
        for group in one.groups
    ]


def _forwards(one: ChannelStatus) -> list[tuple[str, ...]]:
    return [
        (
            printable(forward.name),
            printable(one.name),
            number(forward.counts.get("delivered", 0)),
            number(forward.counts.get("failed", 0)),
            number(forward.counts.get("dead", 0)),
            printable(forward.to),
        )
        for forward in one.forwards
    ]


def _troubles(one: ChannelStatus, now: float) -> list[str]:
    name = printable(one.name)
    found = [f"warning: {name}: {printable(one.trouble)}"] if one.trouble else []
    for forward in one.forwards:
        if forward.failing_since is not None:
            ago = duration(now - forward.failing_since)
            to = printable(forward.name)
            found.append(f"warning: {name} has not reached {to} for {ago}: {printable(forward.error)}")
    return found
