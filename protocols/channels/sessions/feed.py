"""Messages on their way to one peer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from protocols.channels.batch import Batch, Render
from protocols.session import Connection


class Feed:
    """Sends batches by `connection`.

    :param renders: how a message is rendered: by the first that the connection can carry.
    :param lost: told how many messages it cannot carry at all.
    """

    __slots__ = ("_connection", "_first", "_lost", "_many", "_renders")

    def __init__(
        self, connection: Connection, renders: Sequence[Render], lost: Callable[[int], object]
    ) -> None:
        self._connection = connection
        self._first = renders[0]
        self._renders = renders
        self._many: Callable[[Sequence[bytes]], None] | None = getattr(connection, "send_many", None)
        self._lost = lost

    def send(self, batch: Batch) -> None:
        """Send what has come."""
        if self._many is not None:
            try:
                self._many(batch.rendered(self._first))
            except ValueError:
                self._send_others(batch)
        else:
            self._send_each(batch)

    def _send_others(self, batch: Batch) -> None:
        """Send what cannot be carried as it should be: all of it in the second way, if there is one that can,
        or each message in its own."""
        if self._many is not None and len(self._renders) > 1:
            with suppress(ValueError):
                self._many(batch.rendered(self._renders[1]))
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
