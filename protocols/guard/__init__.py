"""What wraps a factory: TLS."""

from protocols.guard.tls import ServerTLS, TLSFactory

__all__ = ["ServerTLS", "TLSFactory"]
