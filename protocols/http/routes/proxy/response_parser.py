"""The bytes of HTTP/1 responses to their parts, by llhttp; no connection in sight.

An origin is trusted to answer, not to be right: a response that two readers could end at different
places is refused (RFC 9112, sections 6.3 and 11.1).
"""

from __future__ import annotations

from typing import Final, NoReturn, Protocol

import httptools

Fields = list[tuple[bytes, bytes]]

HEADER: Final = 64 * 1024
"""Bytes of the head of a response, and of what stands around its chunks."""

HEADER_FIELDS: Final = 200
"""Header fields of a response."""

CHUNK_SHARE: Final = 16
"""Bytes around each piece of content that are fair: a size and two line ends."""

BODILESS: Final = frozenset({204, 304})

VERSIONS: Final = frozenset({"1.0", "1.1"})


class BadResponseError(Exception):
    """A response that cannot be read; nothing behind it can be either."""


class ResponseHead:
    """The line and the header fields of a response.

    .. attribute:: fields

       Names and values as they came, without the space around them.

    .. attribute:: length

       Bytes of the content, or of what it would be (HEAD); ``None`` where they are not known before.
    """

    __slots__ = ("empty", "fields", "keeps", "length", "status", "switches", "until_close")

    status: int
    fields: Fields
    length: int | None
    keeps: bool
    """Whether the connection may be used again."""
    until_close: bool
    """Whether the content ends with the connection."""
    empty: bool
    """Whether no content follows."""
    switches: bool
    """Whether another protocol follows (status 101)."""


class Listener(Protocol):
    """Who hears of the response."""

    def head(self, head: ResponseHead) -> None:
        """The response has begun; those with status 100 to 199 are not told, but for 101."""

    def piece(self, piece: bytes) -> None:
        """Some of its content."""

    def end(self) -> None:
        """It is whole.  One that ends with the connection is not told."""


class ResponseParser:
    """Reads the responses of one connection, each after :meth:`expect`."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._parser = httptools.HttpResponseParser(self)
        self.surplus = False
        """Whether something came that nobody asked for: the connection is out of step."""
        self.begun = False
        """Whether anything of the response has come."""
        self._method = ""
        self._upgrades = False
        self._fields: Fields = []
        self._head: ResponseHead | None = None
        self._over = True
        self._around = 0
        self._content = 0
        self._fault: BadResponseError | None = None

    def expect(self, method: str, *, upgrades: bool = False) -> None:
        """A request has been sent.

        :param upgrades: whether it asked for another protocol.
        """
        self._method = method
        self._upgrades = upgrades
        self._head = None
        self._over = self.begun = False
        self._around = 0

    def feed(self, data: bytes) -> bytes:
        """Read on.

        :returns: what stands behind a response with which the origin switches to another protocol.

        Raises :class:`BadResponseError`; nothing may be fed after that.
        """
        self.begun = True
        self._content = 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if self._over and self._fault is None:
                self.surplus = True
                return b""
            raise self._reason(error) from None
        if not self._over:
            head = self._head
            if head is None or (head.length is None and not head.until_close):
                self._around = max(0, self._around + len(data) - self._content)
                if self._around > HEADER:
                    raise BadResponseError(
                        "its head is too long" if head is None else "its chunks are too small"
                    )
        return b""

    # -- llhttp's side -------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._over:
            self.surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is None:
            self._fields.append((name, value.rstrip(b"\t ")))
            if len(self._fields) > HEADER_FIELDS:
                self._refuse("its head has too many fields")

    def on_headers_complete(self) -> None:
        if self._over:
            return
        fields, self._fields = self._fields, []
        parser = self._parser
        status = parser.get_status_code()
        if status < 200 and status != 101:
            if status < 100:
                self._refuse(f"{status} is no status")
            return
        head = ResponseHead()
        head.status, head.fields = status, fields
        head.switches = status == 101
        if status > 599 or (head.switches and not (self._upgrades and parser.should_upgrade())):
            self._refuse(f"it has the status {status}, which answers nothing that was asked")
        if parser.get_http_version() not in VERSIONS:
            self._refuse("it is not of HTTP/1")
        self._read_framing(head)
        self._head = head
        self._around = 0
        if head.empty:
            # llhttp does not know what was asked: it would wait for the content of a response to HEAD.
            self._over = True
            if head.length != 0 and status not in BODILESS and not head.switches:
                self._parser = httptools.HttpResponseParser(self)
        self._listener.head(head)
        if head.empty:
            self._listener.end()

    def on_body(self, body: bytes) -> None:
        if self._over:
            self.surplus = True
            return
        self._content += len(body) + CHUNK_SHARE
        self._listener.piece(body)

    def on_message_complete(self) -> None:
        if self._head is not None and not self._over:
            self._over = True
            self._listener.end()

    # -- what it all means ---------------------------------------------------------------------------

    def _read_framing(self, head: ResponseHead) -> None:
        """How long the content is (RFC 9112, section 6.3)."""
        lengths, codings = [], []
        for name, value in head.fields:
            lower = name.lower()
            if lower == b"content-length":
                lengths.append(value)
            elif lower == b"transfer-encoding":
                codings.append(value.lower())
        if len(lengths) + len(codings) > 1:
            self._refuse("it says in two ways how long it is")
        if codings and (codings != [b"chunked"] or self._parser.get_http_version() == "1.0"):
            self._refuse("it has a Transfer-Encoding that nobody asked for")
        if lengths and not lengths[0].isdigit():
            self._refuse("its length is no number")
        head.length = int(lengths[0]) if lengths else None
        head.empty = self._method == "HEAD" or head.status in BODILESS or head.switches or head.length == 0
        head.until_close = not (head.empty or lengths or codings)
        head.keeps = self._parser.should_keep_alive() and not head.until_close

    def _refuse(self, detail: str) -> NoReturn:
        self._fault = BadResponseError(detail)
        raise self._fault

    def _reason(self, error: httptools.HttpParserError) -> BaseException:
        if self._fault is not None:
            return self._fault
        if isinstance(error, httptools.HttpParserCallbackError):
            assert error.__context__ is not None
            return error.__context__  # the listener's own
        return BadResponseError(str(error))
