"""twisted.web on epoll: a resource, and its reverse proxy."""

# ruff: noqa: N802, N815 - the names are twisted.web's

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from twisted.internet import epollreactor

epollreactor.install()

from twisted.internet import reactor  # noqa: E402
from twisted.web.proxy import ReverseProxyResource  # noqa: E402
from twisted.web.resource import Resource  # noqa: E402
from twisted.web.server import Request, Site  # noqa: E402


class Hello(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", b"text/plain")
        return b"Hello, world!"


if __name__ == "__main__":
    origin = urlsplit(os.environ["ORIGIN"])
    root = Resource()
    root.putChild(b"hello", Hello())
    root.putChild(b"proxy", ReverseProxyResource(origin.hostname, origin.port, b""))
    reactor.listenTCP(int(sys.argv[1]), Site(root), interface="127.0.0.1")
    reactor.run()
