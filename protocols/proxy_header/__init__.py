"""The PROXY protocol's header, versions 1 and 2: how a proxy says, before anything else, whose connection it
passes on.

Source: HAProxy's ``proxy-protocol.txt``, "The PROXY protocol, versions 1 & 2".  Nothing here does any I/O:
:class:`HeaderReader` is fed bytes, and :func:`encode_v1` and :func:`encode_v2` give them.
"""

from protocols.proxy_header.about_peer import header_about
from protocols.proxy_header.header import ClientTLS, Place, ProxyHeader, ProxyHeaderError
from protocols.proxy_header.reader import HeaderReader
from protocols.proxy_header.version1 import encode_v1
from protocols.proxy_header.version2 import encode_v2

__all__ = [
    "ClientTLS",
    "HeaderReader",
    "Place",
    "ProxyHeader",
    "ProxyHeaderError",
    "encode_v1",
    "encode_v2",
    "header_about",
]
