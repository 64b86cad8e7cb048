"""A request, as a route sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Self

from pydantic_core import from_json

from protocols.codec import DecodeError
from protocols.http.body import BodyStream
from protocols.http.cookies import parse_cookies
from protocols.http.fields import Headers, Query
from protocols.http.form import Form
from protocols.http.form_limits import FormLimits
from protocols.http.form_reader import FormReader
from protocols.http.request_id import made_id, written_id
from protocols.session import Peer

NO_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType({})
UNKNOWN_PEER: Final = Peer("http")


class RequestHead:
    """Everything of a request but its content.  Not to be changed: :meth:`with_peer` makes another.

    :param method: ``GET``, ``POST`` …; upper case as it came.
    :param path: percent-decoded once; it begins with a slash and has no ``.`` or ``..`` in it.
    :param query: what stood behind the question mark.
    :param headers: the header fields.
    :param peer: who asks.
    :param parameters: what the path has where the route's own has names in braces.
    :param target: the request target as it came, still encoded.
    :param scheme: ``http`` or ``https``: how the client reached this server.
    :param host: the host and port that the client asked for, as it wrote them.
    :param version: ``1.0``, ``1.1`` or ``2``.
    :param upgrade: the protocol that the client would rather go on with, such as ``websocket``
        (RFC 9110, section 7.8; RFC 8441), in lower case.
    """

    _id: str | None = None
    _believes = False
    _origin: RequestHead | None = None

    def __init__(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        headers: Headers | None = None,
        *,
        peer: Peer = UNKNOWN_PEER,
        parameters: Mapping[str, str] = NO_PARAMETERS,
        target: str = "",
        scheme: str = "http",
        host: str = "",
        version: str = "1.1",
        upgrade: str | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.query = Query() if query is None else query
        self.headers = Headers() if headers is None else headers
        self.peer = peer
        self.parameters = parameters
        self.target = target or path
        self.scheme = scheme
        self.host = host
        self.version = version
        self.upgrade = upgrade

    @property
    def id(self) -> str:
        """What the request is called in logs, here and behind: as a proxy that is trusted has written it in
        X-Request-Id, or else made when it is first asked for."""
        found = self._id
        if found is None:
            if self._origin is not None:
                found = self._origin.id
            else:
                found = (self._believes and written_id(self.headers)) or made_id()
            self._id = found
        return found

    def believe_id(self) -> None:
        """X-Request-Id is by somebody who is trusted."""
        self._believes = True

    def stems_from(self, origin: RequestHead) -> None:
        """This is the request `origin` with other words: it goes by the same id."""
        self._origin = origin

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies the client sent, by name; of two of one name the first, which has the longer path
        (RFC 6265, section 5.4)."""
        return parse_cookies(self.headers.all("cookie"))

    def with_peer(self, peer: Peer) -> Self:
        """The same request from `peer`: more is known of who asks."""
        other = copy(self)
        other.peer = peer
        other.stems_from(self)
        return other

    def __repr__(self) -> str:
        # The query may hold secrets, and a repr ends up in logs.
        return f"<{type(self).__name__} {self.method} {self.path} from {self.peer}>"


class Request(RequestHead):
    """One HTTP request, whole.

    :param body: the content; empty where there was none.
    """

    def __init__(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        headers: Headers | None = None,
        body: bytes = b"",
        **rest: Any,
    ) -> None:
        super().__init__(method, path, query, headers, **rest)
        self.body = body

    @classmethod
    def of(cls, head: RequestHead, body: bytes) -> Request:
        """`head` with its content."""
        request = cls.__new__(cls)
        request.__dict__.update(head.__dict__)
        request.body = body
        request.stems_from(head)
        return request

    def text(self) -> str:
        """The body as UTF-8 text.

        Raises :class:`~protocols.codec.DecodeError`, which the peer sees as status 400.
        """
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            # Not chained: a UnicodeDecodeError carries the whole body.
            raise DecodeError.malformed(
                f"The body is not UTF-8 text: octet {error.start} is wrong", "utf8_invalid"
            ) from None

    def json(self) -> Any:
        """The value that the body says in JSON.

        Raises :class:`~protocols.codec.DecodeError`, which the peer sees as status 400.
        """
        try:
            return from_json(self.body)
        except ValueError as error:
            raise DecodeError.malformed(f"Invalid JSON: {error}", "json_invalid") from None

    def form(self, limits: FormLimits | None = None) -> Form:
        """What the body says as a form, urlencoded or multipart; close it, for its files.

        Raises what :class:`~protocols.http.form_reader.FormReader` does, all of it the peer's fault.
        """
        reader = FormReader(self.headers.get("content-type"), limits)
        try:
            reader.feed(self.body)
            return reader.finish()
        except BaseException:
            reader.close()
            raise


class StreamingRequest(RequestHead):
    """One HTTP request whose content is read as it comes: ``async for piece in request.body``.

    :param body: the content, from now on.
    :param identified: hears of it when more becomes known of who asks.
    """

    def __init__(
        self, head: RequestHead, body: BodyStream, identified: Callable[[Peer], object] | None = None
    ) -> None:
        self.__dict__.update(head.__dict__)
        self.stems_from(head)
        self.body = body
        self._identified = identified

    def with_peer(self, peer: Peer) -> Self:
        if self._identified is not None:
            self._identified(peer)
        return super().with_peer(peer)

    async def form(self, limits: FormLimits | None = None) -> Form:
        """What the body says as a form; close it, for its files, which are never in memory as a whole.

        Raises what :class:`~protocols.http.form_reader.FormReader` and reading the body do.
        """
        reader = FormReader(self.headers.get("content-type"), limits)
        try:
            async for piece in self.body:
                reader.feed(piece)
            return reader.finish()
        except BaseException:
            reader.close()
            raise
