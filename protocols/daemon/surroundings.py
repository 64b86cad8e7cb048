"""What a daemon has to know of the process that it is in, which ``twistd`` has made."""

from __future__ import annotations

from typing import Protocol

from protocols.daemon.loader import Loaded
from protocols.daemon.workers.worker_logs import WorkerLogs


class Surroundings(Protocol):
    """The process around a daemon."""

    directory: str
    """Where it was started."""

    takes_over: bool
    """Whether a process before this one serves until this one does."""

    def took(self, loaded: Loaded) -> None:
        """`loaded` is served from now on: its secrets are not for the log."""

    def worker_logs(self) -> WorkerLogs:
        """What the logs of other processes look like, and where they go."""

    def is_ready(self) -> None:
        """Everything is served: a process before this one may retire."""

    def forget_pidfile(self) -> None:
        """Another process has taken over, and the file is for that."""
