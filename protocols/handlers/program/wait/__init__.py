"""One process that accepts connections, or reads datagrams, by itself: inetd's ``wait``, or systemd's."""

from protocols.handlers.program.wait.waiting import WaitingProgram, Watch

__all__ = ["WaitingProgram", "Watch"]
