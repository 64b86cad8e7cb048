"""What wraps a factory: TLS, and the PROXY protocol."""

from protocols.guard.proxy_protocol import ProxyProtocolFactory
from protocols.guard.tls import TLSFactory, server_context

__all__ = ["ProxyProtocolFactory", "TLSFactory", "server_context"]
