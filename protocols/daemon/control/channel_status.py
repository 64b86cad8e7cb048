"""What is told of channels, as values that travel as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from protocols.daemon.control.status_value import Value


class GroupStatus(Value):
    """Those who share the messages of a channel under one name."""

    name: str
    position: int = 0
    """Everything up to this sequence number was handed out at least once."""
    lag: int = 0
    """Messages that were not handed out yet."""
    claimed: int = 0
    """Messages that were handed out, and are not settled."""
    members: int = 0


class ForwardStatus(Value):
    """Where messages of a channel are sent on to."""

    name: str
    to: str = ""
    """Its address; no secret."""
    failing_since: float | None = None
    """When the first attempt has failed after the last that did not, in seconds since the epoch."""
    error: str = ""
    """What was wrong the last time; empty if nothing ever was."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Totals since the start, by the names of :class:`protocols.channels.forward.counts.ForwardCounts`."""


class ChannelStatus(Value):
    """One channel, in one process or in all of them."""

    name: str
    store: str = ""
    """What keeps its messages: ``memory``, ``sqlite`` or ``nats``."""
    first: int = 1
    """The sequence number of the oldest message; one above :attr:`last` if there is none."""
    last: int = 0
    messages: int = 0
    octets: int = 0
    """Bytes that they take, in the store's own reckoning."""
    oldest: float | None = None
    """When the oldest message was taken, in seconds since the epoch."""
    newest: float | None = None
    """When the newest was."""
    subscribers: int = 0
    letters: int = 0
    """Dead letters of its groups that nobody has dealt with."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Totals since the start, by the names of :class:`protocols.channels.channel_counts.ChannelCounts`."""
    groups: tuple[GroupStatus, ...] = ()
    forwards: tuple[ForwardStatus, ...] = ()
    trouble: str = ""
    """What is wrong with the store; empty if nothing is."""


def merged_channels(of_workers: Iterable[Iterable[ChannelStatus]]) -> tuple[ChannelStatus, ...]:
    """The channels of several processes, as if they were one: what is kept is the same for all, or only one
    of them has it; what each of them counts is added up."""
    together: dict[str, ChannelStatus] = {}
    for channels in of_workers:
        for one in channels:
            known = together.get(one.name)
            together[one.name] = one if known is None else _merged(known, one)
    return tuple(together.values())


def ended_channel(one: ChannelStatus, beside: ChannelStatus | None = None) -> ChannelStatus:
    """What stays of `one` when its process ends, to be added to what is told `beside` it."""
    there = None if beside is None else {forward.name for forward in beside.forwards}
    forwards = tuple(
        ForwardStatus(name=forward.name, to=forward.to, counts=forward.counts)
        for forward in one.forwards
        if there is None or forward.name in there
    )
    return ChannelStatus(name=one.name, store=one.store, counts=one.counts, forwards=forwards)


def _merged(one: ChannelStatus, other: ChannelStatus) -> ChannelStatus:
    ahead = other if other.last > one.last else one
    return ahead.model_copy(
        update={
            "subscribers": one.subscribers + other.subscribers,
            "letters": max(one.letters, other.letters),
            "counts": _sums(one.counts, other.counts),
            "groups": tuple(_groups(one.groups, other.groups)),
            "forwards": tuple(_forwards(one.forwards, other.forwards)),
            "trouble": one.trouble or other.trouble,
        }
    )


def _groups(one: Iterable[GroupStatus], other: Iterable[GroupStatus]) -> Iterable[GroupStatus]:
    together = {group.name: group for group in one}
    for group in other:
        known = together.get(group.name, group)
        ahead = group if group.position > known.position else known
        members = group.members + (known.members if known is not group else 0)
        together[group.name] = ahead.model_copy(update={"members": members})
    return together.values()


def _forwards(one: Iterable[ForwardStatus], other: Iterable[ForwardStatus]) -> Iterable[ForwardStatus]:
    together = {forward.name: forward for forward in one}
    for forward in other:
        known = together.get(forward.name)
        if known is None:
            together[forward.name] = forward
            continue
        fails = known.failing_since is None and forward.failing_since is not None
        worse = forward if fails else known
        counts = _sums(known.counts, forward.counts)
        together[forward.name] = worse.model_copy(update={"counts": counts})
    return together.values()


def _sums(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in dict.fromkeys((*one, *other))}
