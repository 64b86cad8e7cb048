"""From the specification of what peers do with a channel to the handler that does it."""

from __future__ import annotations

from typing import Final

from protocols.channels.sessions import (
    ChatHandler,
    CommandsHandler,
    PublishedReplies,
    PublishHandler,
    SubscribeHandler,
)
from protocols.channels.since import Since
from protocols.daemon.channels.uses import ChannelUses
from protocols.daemon.spec.channel_use import ChannelUseSpec
from protocols.framing import Framing, Lines
from protocols.framing.limit import DEFAULT_LIMIT
from protocols.session import Handler

COMMAND: Final = 4096
"""Bytes of a line for what stands before the body: the command, the channel and the options."""


def channel_framing(spec: ChannelUseSpec, uses: ChannelUses) -> Framing:
    """How messages are told apart where nobody has said it: by lines, which hold whatever the channel takes.

    A line that is somewhat too long for the channel is still one: it is refused, and the connection stays.
    """
    longest = uses.longest(spec.channels)
    return Lines(limit=max(DEFAULT_LIMIT, longest + COMMAND if spec.mode == "commands" else longest))


def channel_handler(spec: ChannelUseSpec, uses: ChannelUses, *, replies: bool = True) -> Handler:
    """The handler of `spec`.

    :param replies: whether publishers are told what has become of a message unless `spec` says.
    """
    channels = {name: uses.channel(name) for name in spec.channels}
    channel = channels[spec.channels[0]]
    since = Since.parse(spec.since)
    if spec.mode == "commands":
        return CommandsHandler(channels)
    if spec.mode == "subscribe":
        return SubscribeHandler(channel, since=since, key=spec.key, form=spec.format, group=spec.group or "")
    if spec.mode == "chat":
        return ChatHandler(channel, since=since, form=spec.format)
    return PublishHandler(channel, reply=replies if spec.reply is None else spec.reply, key=spec.key)


def publishing(handler: Handler, name: str | None, uses: ChannelUses, *, replies: bool = True) -> Handler:
    """`handler`, whose replies are published in the channel `name`; itself if there is none.

    :param replies: whether the peer is told so.
    """
    return handler if name is None else PublishedReplies(handler, uses.channel(name), reply=replies)
