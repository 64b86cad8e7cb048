"""Bodies that a user's generator makes, item by item."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from protocols.handlers.items import Batch, Items
from protocols.http.source import Source


class ItemsSource(Source):
    """The items of a generator, one after the other."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._over = False

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._over:
            return None
        batch = self._items.take()
        if isinstance(batch, Deferred):
            return batch.addCallback(self._joined)
        return self._joined(batch)

    def close(self) -> None:
        self._items.close()

    def _joined(self, batch: Batch) -> bytes | None:
        self._over = not batch.more
        return b"".join(batch.items) if batch.items or batch.more else None
