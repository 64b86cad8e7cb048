"""What wraps a factory: TLS."""

from protocols.guard.tls import TLSFactory, server_context

__all__ = ["TLSFactory", "server_context"]
