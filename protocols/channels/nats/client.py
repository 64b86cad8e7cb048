"""nats-py's client, where it needs help; to be imported only where nats-py is there."""

from __future__ import annotations

from nats.aio.client import Client


class ClosingClient(Client):
    """One that ends whole, and says so, also where it has not written everything.

    nats-py 2.16 writes what is left when its connection ends, which fails when that is why it ends: then
    it never says that it is closed, and leaves tasks behind.  Who wants what is left to be written
    flushes it before.
    """

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        self._pending = []
        self._pending_data_size = 0
        await super()._close(status, do_cbs)
