"""Messages on their way to one peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protocols.channels.batch import Batch, Render
from protocols.session import Connection

FOR_ALL = 2
"""So many of the ways to render are tried for all messages of a batch together; the others only where one is
needed."""


class Feed:
    """Sends batches by `connection`.

    :param renders: how a message is rendered: by the first that the connection can carry.
    :param lost: told how many messages it cannot carry at all.
    """

    __slots__ = ("_connection", "_lost", "_many", "_renders")

    def __init__(
        self, connection: Connection, renders: Sequence[Render], lost: Callable[[int], object]
    ) -> None:
        self._connection = connection
        self._renders = renders
        self._many: Callable[[Sequence[bytes]], None] | None = getattr(connection, "send_many", None)
        self._lost = lost

    def send(self, batch: Batch) -> None:
        """Send what has come."""
        if self._many is not None:
            for render in self._renders[:FOR_ALL]:
                try:
                    self._many(batch.rendered(render))
                except ValueError:
                    continue
                return
        self._send_each(batch)

    def _send_each(self, batch: Batch) -> None:
        send = self._connection.send
        for message in batch.messages:
            for render in self._renders:
                try:
                    send(render(message))
                except ValueError:
                    continue
                break
            else:
                self._lost(1)
