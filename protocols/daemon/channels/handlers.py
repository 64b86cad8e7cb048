"""From the specification of what peers do with a channel to the handler that does it."""

from __future__ import annotations

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
from protocols.session import Handler


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
