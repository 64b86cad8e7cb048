"""A process for each message, or a few that answer one message after the other."""

from protocols.handlers.program.message.handler import MessageProgram
from protocols.handlers.program.message.once import Once
from protocols.handlers.program.message.pool import Pool

__all__ = ["MessageProgram", "Once", "Pool"]
