"""The error of a part that cannot be made from what the configuration says."""

from __future__ import annotations

from protocols.daemon.problems import Path


class MisfitError(Exception):
    """What one key of a service names cannot be used for it.

    ``path`` leads from the service to the key; ``safe`` says that the message shows nothing of its value,
    which a secret may have gone into.
    """

    def __init__(self, path: Path, message: str, *, safe: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.safe = safe
