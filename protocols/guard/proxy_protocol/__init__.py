"""The PROXY protocol in front of a service: whoever stands behind a load balancer is seen as who they are.

How a header is read is in :mod:`protocols.proxy_header`; here is who may send one, and what it changes.
"""

from protocols.guard.proxy_protocol.factory import ProxyProtocolFactory
from protocols.guard.proxy_protocol.transport import ProxiedTransport

__all__ = ["ProxiedTransport", "ProxyProtocolFactory"]
