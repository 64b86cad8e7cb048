"""What is told of each channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus
from protocols.daemon.metrics.family import AnyFamily, Family, Sample
from protocols.daemon.metrics.told import Told


def _channels(told: Told) -> tuple[ChannelStatus, ...]:
    return () if told.status is None else told.status.channels


def _gauge(name: str, words: str, value: Callable[[ChannelStatus], float | None]) -> Family:
    def samples(told: Told) -> Iterator[Sample]:
        for one in _channels(told):
            found = value(one)
            if found is not None:
                yield (one.name,), found

    return Family(name, "gauge", words, ("channel",), samples)


def _counter(name: str, words: str, field: str) -> Family:
    """What one field of :class:`~protocols.channels.channel_counts.ChannelCounts` counts."""

    def samples(told: Told) -> Iterator[Sample]:
        for one in _channels(told):
            yield (one.name,), one.counts.get(field, 0)

    return Family(name, "counter", words, ("channel",), samples)


def _counters(name: str, words: str, label: str, fields: Mapping[str, str]) -> Family:
    """What several of its fields count, each under a value of `label`."""

    def samples(told: Told) -> Iterator[Sample]:
        for one in _channels(told):
            for field, value in fields.items():
                yield (one.name, value), one.counts.get(field, 0)

    return Family(name, "counter", words, ("channel", label), samples)


def _group(name: str, words: str, value: Callable[[GroupStatus], float]) -> Family:
    def samples(told: Told) -> Iterator[Sample]:
        for one in _channels(told):
            for group in one.groups:
                yield (one.name, group.name), value(group)

    return Family(name, "gauge", words, ("channel", "group"), samples)


def _of_forwards(told: Told) -> Iterator[tuple[tuple[str, str], ForwardStatus]]:
    for one in _channels(told):
        for forward in one.forwards:
            yield (one.name, forward.name), forward


def _working(told: Told) -> Iterator[Sample]:
    for names, forward in _of_forwards(told):
        yield names, float(forward.failing_since is None)


def _forwarded(told: Told) -> Iterator[Sample]:
    for names, forward in _of_forwards(told):
        for result in FORWARDED:
            yield (*names, result), forward.counts.get(result, 0)


def _attempts(told: Told) -> Iterator[Sample]:
    for names, forward in _of_forwards(told):
        yield names, forward.counts.get("failed", 0)


REFUSED: Final = {"duplicates": "duplicate", "refused": "refused", "unavailable": "unavailable"}
SETTLED: Final = {"acked": "acked", "redelivered": "redelivered", "dead": "dead"}
FORWARDED: Final = ("delivered", "retried", "dead")

OF_CHANNELS: Final[tuple[AnyFamily, ...]] = (
    _gauge("polyport_channel_messages", "Messages that are kept.", lambda one: one.messages),
    _gauge(
        "polyport_channel_size_bytes",
        "Bytes that they take, in the store's own reckoning.",
        lambda one: one.octets,
    ),
    _gauge(
        "polyport_channel_last_sequence", "The sequence number of the newest message.", lambda one: one.last
    ),
    _gauge(
        "polyport_channel_oldest_message_timestamp_seconds",
        "When the oldest message was taken, in seconds since the epoch; not there until there is one.",
        lambda one: one.oldest,
    ),
    _gauge(
        "polyport_channel_newest_message_timestamp_seconds",
        "When the newest message was taken, in seconds since the epoch; not there until there is one.",
        lambda one: one.newest,
    ),
    _gauge(
        "polyport_channel_store_available",
        "Whether the store of the channel answers: 1; 0: it does not, or says that something is wrong.",
        lambda one: float(not one.trouble),
    ),
    _gauge("polyport_channel_subscribers", "Subscribers that read it now.", lambda one: one.subscribers),
    _gauge(
        "polyport_channel_dead_letters",
        "Dead letters of its groups that nobody has dealt with.",
        lambda one: one.letters,
    ),
    _counter("polyport_channel_published_total", "Messages taken.", "published"),
    _counters(
        "polyport_channel_not_published_total",
        "Messages that were there already, by their id (duplicate), that are none the channel takes "
        "(refused), or that the store did not take (unavailable).",
        "reason",
        REFUSED,
    ),
    _counter(
        "polyport_channel_publishers_waited_total",
        "Messages whose publishers had to wait for a slow subscriber.",
        "waited",
    ),
    _counter(
        "polyport_channel_delivered_total",
        "Messages given to subscribers, each counted for each of them.",
        "delivered",
    ),
    _counter(
        "polyport_channel_dropped_total",
        "Messages that a slow subscriber has missed, or that were gone before it came to them.",
        "dropped",
    ),
    _counter(
        "polyport_channel_subscribers_disconnected_total",
        "Subscribers cut off because they were slow.",
        "disconnected",
    ),
    _counter(
        "polyport_channel_trimmed_total",
        "Messages forgotten: too old, too many, or because somebody has asked.",
        "trimmed",
    ),
    _counters(
        "polyport_channel_group_messages_total",
        "Messages that members of groups have settled (acked), that were handed out once more (redelivered), "
        "or that a group has given up (dead).",
        "result",
        SETTLED,
    ),
    _group(
        "polyport_channel_group_lag_messages",
        "Messages that the group was not handed yet.",
        lambda group: group.lag,
    ),
    _group(
        "polyport_channel_group_claimed_messages",
        "Messages that the group was handed, and has not settled.",
        lambda group: group.claimed,
    ),
    _group(
        "polyport_channel_group_members", "Those who share its messages now.", lambda group: group.members
    ),
    Family(
        "polyport_channel_forward_working",
        "gauge",
        "Whether messages reach the server that they are sent on to: 1; 0: the last attempt has failed.",
        ("channel", "forward"),
        _working,
    ),
    Family(
        "polyport_channel_forward_messages_total",
        "counter",
        "Messages that the server has (delivered), that were put off (retried), or given up (dead).",
        ("channel", "forward", "result"),
        _forwarded,
    ),
    Family(
        "polyport_channel_forward_failures_total",
        "counter",
        "Attempts to send messages on that have failed.",
        ("channel", "forward"),
        _attempts,
    ),
)
