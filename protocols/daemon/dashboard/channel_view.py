"""The page of one channel: who reads it, where its messages go, and the newest of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from protocols.daemon.control.channel_messages import StoredMessage
from protocols.daemon.control.channel_status import ChannelStatus, ForwardStatus, GroupStatus
from protocols.daemon.control.frames import shown
from protocols.daemon.dashboard import wording
from protocols.daemon.dashboard.channel_history import FLOWS, ChannelHistory
from protocols.daemon.dashboard.view import Row, View

TEXT: Final = 500
"""Bytes of a message that are shown."""

STORES: Final[Mapping[str, str]] = {"memory": "memory", "sqlite": "an SQLite file", "nats": "NATS JetStream"}

WORDS: Final[Mapping[str, str]] = {
    "published": "messages taken",
    "delivered": "messages given to subscribers, each counted for each of them",
    "acked": "messages that members of groups have settled",
    "redelivered": "messages handed out once more",
    "trimmed": "messages forgotten",
    "duplicates": "messages that were there already, by their id",
    "waited": "messages whose publishers had to wait for a slow subscriber",
    "refused": "messages that were none the channel takes",
    "unavailable": "messages that the store did not take",
    "dead": "messages that a group has given up",
    "dropped": "messages that slow subscribers have missed",
    "disconnected": "subscribers cut off because they were slow",
}
ERRORS: Final = frozenset({"unavailable", "dead"})
REFUSALS: Final = frozenset({"refused", "dropped", "disconnected"})


def channel_view(
    channel: ChannelStatus, history: ChannelHistory, now: float, messages: Sequence[StoredMessage] | None
) -> View:
    """How `channel` is `now`, in seconds since the epoch.

    :param messages: the newest; ``None`` if they are not known.
    """
    rates = history.rates
    peaks = {f"{flow}_peak": wording.rate(max(rates.of(flow), default=None)) for flow in FLOWS}
    newest_first = [] if messages is None else list(reversed(messages))
    return View(
        texts={
            "name": channel.name,
            "store": STORES.get(channel.store, channel.store),
            "state": "unavailable" if channel.trouble else "available",
            "trouble": channel.trouble,
            **{flow: wording.rate(rates.now(flow)) for flow in FLOWS},
            **peaks,
            "kept": wording.number(channel.messages),
            "size": wording.size(channel.octets),
            "last": f"{channel.last:,}",
            "oldest": _ago(channel.oldest, now),
            "newest": _ago(channel.newest, now),
            "subscribers": wording.number(channel.subscribers),
            "letters": wording.number(channel.letters),
            "unknown": "It is not known which there are." if messages is None else "",
        },
        tables={
            "groups": [_group(group) for group in channel.groups],
            "forwards": [_forward(forward, now) for forward in channel.forwards],
            "messages": [_message(message) for message in newest_first],
            "counters": list(_counters(channel)),
        },
        kinds={"state": "bad" if channel.trouble else "", "letters": "bad" if channel.letters else ""},
        rates={flow: rates.of(flow) for flow in FLOWS},
    )


def _ago(moment: float | None, now: float) -> str:
    return wording.UNKNOWN if moment is None else f"{wording.span(now - moment)} ago"


def _group(group: GroupStatus) -> Row:
    return Row(
        group.name,
        {
            "name": group.name,
            "members": wording.number(group.members),
            "position": f"{group.position:,}",
            "lag": wording.number(group.lag),
            "claimed": wording.number(group.claimed),
        },
        "warn" if group.lag and not group.members else "",
    )


def _forward(forward: ForwardStatus, now: float) -> Row:
    failing = forward.failing_since
    state = "working" if failing is None else f"failing for {wording.span(now - failing)}"
    return Row(
        forward.name,
        {
            "name": forward.name,
            "to": forward.to,
            "state": state,
            "error": "" if failing is None else forward.error,
            "delivered": wording.number(forward.counts.get("delivered", 0)),
            "failed": wording.number(forward.counts.get("failed", 0)),
            "dead": wording.number(forward.counts.get("dead", 0)),
        },
        "" if failing is None else "warn",
    )


def _message(stored: StoredMessage) -> Row:
    body = stored.message.body
    return Row(
        str(stored.seq),
        {
            "seq": str(stored.seq),
            "at": wording.clock(stored.time / 1000),
            "key_text": stored.key,
            "sender": stored.sender,
            "size": wording.size(len(body)),
            "text": shown(body[:TEXT]),
        },
    )


def _counters(channel: ChannelStatus) -> Iterator[Row]:
    order = {name: index for index, name in enumerate(WORDS)}
    for name in sorted(channel.counts, key=lambda name: order.get(name, -1)):
        number = channel.counts[name]
        if number:
            kind = "errors" if name in ERRORS else "refusals" if name in REFUSALS else ""
            # A newer part of the daemon may count what nobody here has heard of.
            words = WORDS.get(name, name.replace("_", " "))
            yield Row(name, {"words": words, "number": f"{number:,}"}, kind)
