"""Channels over any carrier: handlers that publish what peers say, or stream what is published.

========================== ==========================================================================
:class:`PublishHandler`    each message is published, and answered by ``OK`` and its seq
:class:`SubscribeHandler`  each message of the channel is sent; members of a group answer to each
:class:`ChatHandler`       both, on one connection
:class:`CommandsHandler`   a line protocol for all of it
:class:`PublishedReplies`  what another handler answers is published
========================== ==========================================================================
"""

from protocols.channels.sessions.chat import ChatHandler
from protocols.channels.sessions.commands import CommandsHandler
from protocols.channels.sessions.publish import PublishHandler
from protocols.channels.sessions.published_replies import PublishedReplies
from protocols.channels.sessions.subscribe import SubscribeHandler

__all__ = ["ChatHandler", "CommandsHandler", "PublishHandler", "PublishedReplies", "SubscribeHandler"]
