"""A process for each connection, as inetd has it: the connection itself is its input and output where nothing
has to look at what passes; where something has, the daemon stands in between."""

from protocols.handlers.program.connection.direct import DirectPrograms
from protocols.handlers.program.connection.piped import PipedProgram

__all__ = ["DirectPrograms", "PipedProgram"]
