"""A line protocol for channels, small enough for ``nc`` (:mod:`.grammar`)."""

from protocols.channels.sessions.commands.handler import CommandsHandler

__all__ = ["CommandsHandler"]
