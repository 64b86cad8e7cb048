"""What a daemon has to know of the process that it is in, which ``twistd`` has made."""

from __future__ import annotations

from typing import Protocol

from protocols.daemon.loader import Loaded


class Surroundings(Protocol):
    """The process around a daemon."""

    directory: str
    """Where it was started."""

    def took(self, loaded: Loaded) -> None:
        """`loaded` is served from now on: its secrets are not for the log."""

    def is_ready(self) -> None:
        """Everything is served: a process before this one may retire."""

    def forget_pidfile(self) -> None:
        """Another process has taken over, and the file is for that."""
