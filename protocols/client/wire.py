"""What a conversation needs of the network; two of each kind exist, one that blocks and one for asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

Seconds = float | None
"""How long a step may take; ``None`` for ever."""


class Wire(Protocol):
    """An open connection, or a datagram socket.

    Everything raises :class:`TimeoutError` if it takes longer than it may, :class:`OSError` if the network
    has something against it.
    """

    async def write(self, data: bytes, within: Seconds) -> None:
        """Hand `data`, for datagrams one of them, to the system."""

    async def read(self, within: Seconds) -> bytes | None:
        """What has come, one datagram at most; ``None`` once the server will send no more."""

    async def end_writing(self) -> bool:
        """Say that nothing more will be sent; whether that can be said without closing."""

    def lost(self) -> bool:
        """Whether it is known already that the server is gone, or has closed."""

    async def close(self, within: float) -> None:
        """Give everything back; an orderly end of TLS may take so many seconds.  Never raises."""


Opener = Callable[[Seconds], Awaitable[Wire]]
"""Opens a wire, within so many seconds.  Raises as a :class:`Wire` does, and :class:`ssl.SSLError`."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""
