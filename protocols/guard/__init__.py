"""What wraps a factory: TLS, and the PROXY protocol."""

from protocols.guard.proxy_protocol import ProxyProtocolFactory
from protocols.guard.tls import ServerTLS, TLSFactory

__all__ = ["ProxyProtocolFactory", "ServerTLS", "TLSFactory"]
