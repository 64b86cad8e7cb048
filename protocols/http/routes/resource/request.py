"""A request as twisted.web's resources know it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure
from twisted.web import server

from protocols.http.request import Request
from protocols.http.request_id import fields_with_id
from protocols.http.target import origin_form, split_mount

if TYPE_CHECKING:
    from protocols.http.routes.resource.channel import Channel


class ResourceRequest(server.Request):
    """`request`, whose path has `rest` behind that of the route; that place is its ``prepath``."""

    def __init__(self, channel: Channel, request: Request, rest: str) -> None:
        super().__init__(channel)
        mount, below = split_mount(request.path, rest)
        self._mount = mount.encode().split(b"/")[1:]
        self._below = below.encode().split(b"/")[1:] if below else []
        for name, value in fields_with_id(request):
            self.requestHeaders.addRawHeader(name, value)
        if request.host and not self.requestHeaders.hasHeader(b"host"):
            self.requestHeaders.addRawHeader(b"host", request.host.encode("latin-1"))
        self.parseCookies()
        self.content = BytesIO(request.body)
        self.content.seek(0, 2)  # where it stands when the last of it has come

    def receive(self, request: Request) -> None:
        """Have the resource answer."""
        version = f"HTTP/{request.version}".encode("ascii")
        target = origin_form(request.target).encode("latin-1")
        self.requestReceived(request.method.encode("ascii"), target, version)

    def process(self) -> None:
        """Find the resource and render it; without the headers that are the server's affair."""
        channel: Any = self.channel
        self.site = channel.site
        self.prepath = list(self._mount)
        self.postpath = list(self._below)
        try:
            self.render(self.site.getResourceFor(self))
        except BaseException:  # noqa: BLE001 - whatever a resource raises ends here
            self.processingFailed(Failure())

    def write(self, data: bytes) -> None:
        if self.startedWriting:
            super().write(data)
            return
        # It would send chunks of its own making otherwise.
        version, self.clientproto = self.clientproto, b"HTTP/1.0"
        super().write(data)
        self.clientproto = version

    def processingFailed(self, reason: Failure) -> Failure:  # noqa: N802 - Twisted's name
        """Answer with our own page for errors, or break off what has begun."""
        channel: Any = getattr(self, "channel", None)
        if channel is not None and not self.finished:
            channel.fail(reason)
            self.finished = 1
            if self.producer:
                self.unregisterProducer()
            self._cleanup()
        return reason
