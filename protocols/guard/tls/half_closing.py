"""OpenSSL's side of a connection, each of whose directions ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from OpenSSL import SSL

if TYPE_CHECKING:
    from protocols.guard.tls.connection import TLSConnection


class HalfClosingSSL(SSL.Connection):
    """OpenSSL's side of a :class:`TLSConnection`, which it asks what a close_notify is to mean."""

    def __init__(self, context: SSL.Context, protocol: TLSConnection) -> None:
        super().__init__(context, None)
        self._protocol = protocol

    def recv(self, bufsiz: int, flags: int | None = None) -> bytes:
        try:
            return super().recv(bufsiz, flags)
        except SSL.ZeroReturnError:
            if self._is_closed() or not self._protocol.peer_finished() or self._is_closed():
                raise
            # To Twisted's loop this is a peer that is silent.
            raise SSL.WantReadError from None

    def _is_closed(self) -> bool:
        return bool(self.get_shutdown() & SSL.SENT_SHUTDOWN)
