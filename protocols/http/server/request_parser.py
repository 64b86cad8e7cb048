"""The bytes of HTTP/1 requests to their parts, by llhttp; no connection in sight.

llhttp is strict: it refuses a bare CR or LF, a space before a colon, folded lines, a length given twice,
a length beside a coding, and chunk sizes that are none.  What it lets pass and is still ambiguous is
refused here (RFC 9112, sections 3.2, 6 and 11.2).
"""

from __future__ import annotations

import re
from typing import Final, NoReturn, Protocol

import httptools

from protocols.http.limits import Limits

Fields = list[tuple[bytes, bytes]]

HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::\d{0,5})?")
"""What may stand in Host."""

_REQUEST = re.compile(rb"[A-Za-z-]{1,32} /\S* HTTP/1\.[01]\r\n")

CHUNK_OVERHEAD: Final = 16 * 1024
"""Bytes around the chunks of one request, extensions and trailers included, beyond :data:`CHUNK_SHARE`."""

CHUNK_SHARE: Final = 16
"""Bytes around each piece of content that are fair: a size, two line ends, and a short extension."""


FIELD_OVERHEAD: Final = 4
"""Bytes of a field line besides its name and value."""

VERSIONS: Final = frozenset({"1.0", "1.1"})

SPECIAL: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
"""Fields that say how a request is to be read."""


class BadRequestError(Exception):
    """A request that cannot be read; nothing behind it can be either.

    :param status: what to answer.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.status}: {self.detail}"


class Head:
    """The line and the header fields of a request.

    .. attribute:: fields

       Names in lower case, values without the space around them.

    .. attribute:: length

       Bytes of the content; ``None`` where they are not known before (chunked).
    """

    __slots__ = ("expects", "fields", "host", "keeps", "length", "method", "target", "upgrade", "version")

    method: str
    target: bytes
    version: str
    fields: Fields
    host: bytes
    length: int | None
    keeps: bool
    """Whether the client would have the connection stay open."""
    expects: bool
    """Whether it waits to be told to go on (RFC 9110, section 10.1.1)."""
    upgrade: bytes
    """The protocols it would rather speak; empty where it named none."""


class Listener(Protocol):
    """Who hears of the requests."""

    def head(self, head: Head) -> None:
        """A request has begun."""

    def piece(self, piece: bytes) -> None:
        """Some of its content."""

    def end(self, trailers: Fields) -> None:
        """It is whole; `trailers` stood behind its last chunk."""


class RequestParser:
    """Reads the requests of one connection, one after the other.

    .. attribute:: in_head

       Whether some of a request has come, but not its whole header.
    """

    def __init__(self, limits: Limits, listener: Listener) -> None:
        self._limits = limits
        self._listener = listener
        self._parser = httptools.HttpRequestParser(self)
        self.in_head = False
        self._target = b""
        self._fields: Fields = []
        self._size = 0  # of the fields that have been told
        self._untold = 0  # bytes of a header of which llhttp has told nothing yet
        self._head: Head | None = None
        self._heads = 0
        self._fault: BadRequestError | None = None
        self._content = 0  # bytes of content, less what is fair around it, in what is being fed
        self._around = 0
        self._replays = False
        self._muted = False

    def feed(self, data: bytes) -> bytes | None:
        """Read on.

        :returns: what stands behind a request that asks for another protocol, else ``None``.  If it stays
            with HTTP, that is for :meth:`go_on`.

        Raises :class:`BadRequestError`; nothing may be fed after that.
        """
        rest = self._feed(data)
        while rest is not None and self._replays:
            # In a loop, for there may be any number of such requests in one read.
            self._replay()
            rest = self._feed(rest) if rest else None
        return rest

    def _feed(self, data: bytes) -> bytes | None:
        in_head, head, heads = self.in_head, self._head, self._heads
        told = self._size + len(self._target)
        self._content = 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            raise self._reason(error, data if head is None and not in_head else b"") from None
        if self.in_head:
            if in_head and self._heads == heads:
                # llhttp holds a field until it is whole.
                self._untold += max(0, len(data) + told - self._size - len(self._target))
                self._check_header()
        elif head is not None and head is self._head and head.length is None:
            self._around = max(0, self._around + len(data) - self._content)
            if self._around > CHUNK_OVERHEAD:
                raise BadRequestError(400, "There is more around the chunks than in them")
        return None

    def go_on(self, rest: bytes) -> bytes | None:
        """The request that asked for another protocol has not got it: as :meth:`feed`."""
        self._parser = httptools.HttpRequestParser(self)
        return self.feed(rest) if rest else None

    # -- llhttp's side -------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.in_head = not self._muted

    def on_url(self, url: bytes) -> None:
        if self._muted:
            return
        self._target += url
        if len(self._target) > self._limits.request_line:
            self._refuse(414, "The request target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._muted:
            return
        self._fields.append((name.lower(), value.rstrip(b"\t ")))
        self._size += len(name) + len(value) + FIELD_OVERHEAD
        self._untold = 0
        if self._size > self._limits.header or len(self._fields) > self._limits.header_fields:
            self._check_header()

    def on_headers_complete(self) -> None:
        if self._muted:
            self._muted = False
            return
        parser = self._parser
        self.in_head = False
        head = self._head = Head()
        self._heads += 1
        head.method = parser.get_method().decode("ascii")
        head.version = parser.get_http_version()
        if head.version not in VERSIONS:
            self._refuse(505, "HTTP/1.0 and HTTP/1.1 are spoken here")
        head.target = self._target
        head.fields = self._fields
        self._target, self._fields = b"", []
        self._size = self._untold = self._around = 0
        self._read_fields(head)
        head.keeps = parser.should_keep_alive() and head.method != "CONNECT"
        if parser.should_upgrade():
            if head.length == 0:
                # RFC 9110, section 7.8: HTTP/1.0 knows no Upgrade.
                head.upgrade = b"" if head.version == "1.0" else head.upgrade.lower()
            else:
                # llhttp would take the content for the other protocol's.
                head.upgrade = b""
                self._replays = True
        else:
            head.upgrade = b""
        self._listener.head(head)

    def on_body(self, body: bytes) -> None:
        self._content += len(body) + CHUNK_SHARE
        self._listener.piece(body)

    def on_message_complete(self) -> None:
        if not self._replays:
            trailers, self._fields = self._fields, []
            self._size = 0
            self._head = None
            self._listener.end(trailers)

    # -- what it all means ---------------------------------------------------------------------------

    def _read_fields(self, head: Head) -> None:
        """Take out of the fields what says how the request is to be read."""
        head.length, head.expects, head.upgrade = 0, False, b""
        hosts = []
        for name, value in head.fields:
            if name not in SPECIAL:
                continue
            if name == b"host":
                hosts.append(value)
            elif name == b"content-length":
                head.length = int(value)
            elif name == b"transfer-encoding":
                head.length = None
                self._check_coding(head.version, value)
            elif name == b"expect":
                head.expects = value.lower() == b"100-continue"
            else:
                head.upgrade = value
        if len(hosts) > 1:
            self._refuse(400, "There is more than one Host")
        if not hosts and head.version == "1.1":
            self._refuse(400, "There is no Host")
        head.host = hosts[0] if hosts else b""
        if not HOST.fullmatch(head.host):
            self._refuse(400, "The Host is none")

    def _check_coding(self, version: str, coding: bytes) -> None:
        if version == "1.0":
            self._refuse(400, "HTTP/1.0 knows no Transfer-Encoding")
        if coding.lower() != b"chunked":
            final = coding.lower().endswith(b"chunked")
            self._refuse(501 if final else 400, "The only Transfer-Encoding here is chunked")

    def _check_header(self) -> None:
        limits = self._limits
        if self._size > limits.header or self._untold > limits.header + limits.request_line:
            self._refuse(431, "The header is too long")
        if len(self._fields) > limits.header_fields:
            self._refuse(431, "The header has too many fields")

    def _refuse(self, status: int, detail: str) -> NoReturn:
        self._fault = BadRequestError(status, detail)
        raise self._fault

    def _reason(self, error: httptools.HttpParserError, line: bytes) -> BaseException:
        if self._fault is not None:
            return self._fault
        if isinstance(error, httptools.HttpParserCallbackError):
            assert error.__context__ is not None
            return error.__context__  # the listener's own
        if isinstance(error, httptools.HttpParserInvalidMethodError):
            return BadRequestError(501 if _REQUEST.match(line) else 400, "The method is not known here")
        return BadRequestError(400, str(error))

    def _replay(self) -> None:
        """Have the content of a request, which asked for another protocol in vain, read as such."""
        self._replays = False
        self._muted = True
        assert self._head is not None
        length = self._head.length
        framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
