"""From the bytes of a form to what it says; python-multipart does the parsing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import ParseError
from python_multipart.multipart import MultipartParser, QuerystringParser, parse_options_header

from protocols.codec import DecodeError, Fault
from protocols.http.errors import HTTPError
from protocols.http.form import Form
from protocols.http.form_limits import FormLimits
from protocols.http.upload import Upload

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

PLAIN: Final = frozenset({"", "7bit", "8bit", "binary"})
"""The transfer encodings of a part that are none."""

# Its warnings are about the client, who gets them as a response.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


def is_form(content_type: str | None) -> bool:
    """Whether content of this type is a form."""
    return (content_type or "").partition(";")[0].strip().lower() in (URLENCODED, MULTIPART)


class _Parser(Protocol):
    def write(self, data: bytes, /) -> int: ...

    def finalize(self) -> None: ...


class FormReader:
    """A form that comes in pieces, of which uploads may be as large as they like.

    ::

        reader = FormReader(request.headers.get("content-type"))
        reader.feed(piece)  # and others
        form = reader.finish()

    :meth:`close` it where it does not come to its end.

    Raises :class:`~protocols.http.HTTPError`: 415 for what is no form, 413 past a limit; and
    :class:`~protocols.codec.DecodeError` (400) for a form that is broken.
    """

    def __init__(self, content_type: str | None, limits: FormLimits | None = None) -> None:
        self._limits = limits or FormLimits()
        self._pairs: list[tuple[str, str]] = []
        self._uploads: list[Upload] = []
        self._parts = 0
        self._ended = False
        self._name = ""
        self._value: list[bytes] = []
        self._size = 0
        self._upload: Upload | None = None
        self._headers: dict[bytes, bytes] = {}
        self._field: list[bytes] = []
        self._line: list[bytes] = []
        self._parser = self._parser_for(content_type)

    def _parser_for(self, content_type: str | None) -> _Parser:
        media, options = parse_options_header(content_type)
        if media == URLENCODED.encode():
            return self._urlencoded()
        if media != MULTIPART.encode():
            raise HTTPError(415, "This takes a form", {"Accept-Post": f"{URLENCODED}, {MULTIPART}"})
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:  # RFC 2046, section 5.1.1
            raise DecodeError.malformed("The form names no boundary between its parts", "form_invalid")
        return self._multipart(boundary)

    def feed(self, piece: bytes) -> None:
        """More of it is here."""
        try:
            self._parser.write(piece)
        except ParseError:
            raise _broken() from None

    def finish(self) -> Form:
        """It is here, whole: what it says."""
        try:
            self._parser.finalize()
        except ParseError:
            raise _broken() from None
        if isinstance(self._parser, MultipartParser) and not self._ended:
            raise DecodeError.malformed("The form breaks off", "form_invalid")
        for upload in self._uploads:
            upload.rewind()
        return Form(self._pairs, self._uploads)

    def close(self) -> None:
        """Let go of what has come."""
        for upload in self._uploads:
            upload.close()

    # -- application/x-www-form-urlencoded -----------------------------------------------------------

    def _urlencoded(self) -> QuerystringParser:
        name: list[bytes] = []

        def begin() -> None:
            self._count()
            name.clear()

        def end() -> None:
            plain = _unescaped(b"".join(name), "")
            self._pairs.append((plain, _unescaped(b"".join(self._value), plain)))

        return QuerystringParser(
            {
                "on_field_start": begin,
                "on_field_name": lambda data, start, stop: self._keep(name, data[start:stop]),
                "on_field_data": lambda data, start, stop: self._keep(self._value, data[start:stop]),
                "on_field_end": end,
            }
        )

    # -- multipart/form-data (RFC 7578) --------------------------------------------------------------

    def _multipart(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": _slices(self._field.append),
                "on_header_value": _slices(self._line.append),
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_part_data": _slices(self._fill_part),
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_size=self._limits.header,
        )

    def _begin_part(self) -> None:
        self._count()
        self._headers = {}
        self._upload = None

    def _end_header(self) -> None:
        self._headers[b"".join(self._field).lower()] = b"".join(self._line)
        self._field.clear()
        self._line.clear()

    def _open_part(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        if disposition != b"form-data" or b"name" not in options:
            raise DecodeError.malformed("A part of the form does not say its name", "form_invalid")
        self._name = _text(options[b"name"], "")
        encoding = self._headers.get(b"content-transfer-encoding", b"").strip().lower().decode("latin-1")
        if encoding not in PLAIN:
            # RFC 7578, section 4.7; who does not know it would save what nobody can open.
            raise DecodeError.malformed("A part of the form is encoded for mail", "form_invalid")
        if b"filename" in options:
            content_type = self._headers.get(b"content-type", b"").decode("latin-1").strip()
            filename = options[b"filename"].decode("utf-8", "replace")
            memory = self._limits.memory
            self._upload = Upload(self._name, filename, content_type, memory=memory)
            self._uploads.append(self._upload)

    def _fill_part(self, piece: bytes) -> None:
        if self._upload is None:
            self._keep(self._value, piece)
        else:
            self._upload.write(piece)

    def _end_part(self) -> None:
        upload = self._upload
        if upload is None:
            self._pairs.append((self._name, _text(b"".join(self._value), self._name)))
        elif not upload.filename and not upload.size:
            # What a browser sends where nobody has chosen a file.
            self._uploads.remove(upload)
            upload.close()

    def _end(self) -> None:
        self._ended = True

    # -- limits --------------------------------------------------------------------------------------

    def _count(self) -> None:
        self._parts += 1
        if self._parts > self._limits.parts:
            raise HTTPError(413, f"The form has more than {self._limits.parts} fields")
        self._value.clear()
        self._size = 0

    def _keep(self, pieces: list[bytes], piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limits.field:
            raise HTTPError(413, f"A field of the form has more than {self._limits.field} bytes")
        pieces.append(piece)


def _slices(take: Callable[[bytes], object]) -> Callable[[bytes, int, int], None]:
    """As python-multipart calls back."""

    def sliced(data: bytes, start: int, end: int) -> None:
        take(data[start:end])

    return sliced


def _broken() -> DecodeError:
    # Not chained, and without its words: they may quote what the peer sent.
    return DecodeError.malformed("The form is broken", "form_invalid")


def _text(octets: bytes, name: str) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        path = f"/form/{name[:100]}" if name else "/form"
        fault = Fault(path, "This is not UTF-8 text", "utf8_invalid")
        raise DecodeError("Malformed message", 400, (fault,)) from None


def _unescaped(octets: bytes, name: str) -> str:
    return _text(unquote_to_bytes(octets.replace(b"+", b" ")), name)
