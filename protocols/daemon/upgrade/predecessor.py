"""The process before this one, seen from the one that takes over."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

from protocols.daemon.upgrade.handover import VARIABLE, receive


class Predecessor:
    """Hands its sockets over.

    .. attribute:: sockets

       These, by name: as systemd would have handed them over.
    """

    def __init__(self, channel: int, ready: int) -> None:
        self._ready: int | None = ready
        os.set_inheritable(ready, False)
        with socket.socket(fileno=channel) as by:
            self.sockets = receive(by)

    @classmethod
    def found(cls, environment: MutableMapping[str, str]) -> Predecessor | None:
        """The one that `environment` tells of, if this process takes over from any; no child will be told."""
        told = environment.pop(VARIABLE, "")
        channel, comma, ready = told.partition(",")
        if not (comma and channel.isdecimal() and ready.isdecimal()):
            return None
        return cls(int(channel), int(ready))

    def say_ready(self) -> None:
        """Everything is served here: it may retire."""
        if self._ready is not None:
            ready, self._ready = self._ready, None
            with suppress(OSError):  # it is gone already, which is as good
                os.write(ready, b"ready")
            os.close(ready)
