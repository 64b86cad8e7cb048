"""Whom limits count as one."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address


@lru_cache(maxsize=4096)
def source_of(host: str) -> str:
    """What stands for `host`, a peer's, where each source has its share.

    An IPv4 address is a source of its own.  IPv6 addresses are counted by their /64, the least a customer
    gets (RFC 6177, section 2), or one of them would be 2⁶⁴ sources.  The clients of a Unix socket are one.
    """
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host)
    except ValueError:
        return host
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
