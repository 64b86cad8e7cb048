"""A session that says nothing by itself."""

from __future__ import annotations

from protocols.session import Connection


class QuietSession:
    """Discards what it hears (RFC 863), and closes when its peer has ended: what others have in common."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def busy(self) -> bool:
        return False

    def started(self) -> None:
        pass

    def received(self, message: bytes) -> None:
        pass

    def ended(self, error: Exception | None) -> None:
        self.connection.close()

    def closed(self, reason: Exception | None) -> None:
        pass

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass
