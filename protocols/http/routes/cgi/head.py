"""What a script writes before the content (RFC 3875, section 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from protocols.http.routes.cgi.faults import ScriptError

HEAD: Final = 64 * 1024
"""Bytes of a head: twice what a request may have."""

FIELDS: Final = 200
"""Header fields of a head."""

_END = re.compile(rb"\n\r?\n")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)")
_STATUS = re.compile(r"(\d{3})(?: .*)?")
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: .*)?")

_OF_CGI: Final = ("content-type", "location", "status")


@dataclass(frozen=True, slots=True)
class ScriptHead:
    """The head of a script's answer.

    :param status: where it says one, from 200 to 599.
    :param length: the Content-Length, where it says one.
    :param fields: what goes to the client, Content-Type and Location too.
    """

    status: int | None
    content_type: str | None
    location: str | None
    length: int | None
    fields: tuple[tuple[str, str], ...]


class HeadReader:
    """Finds the head in what a script writes.

    :param whole: whether it is a status line and header fields as in HTTP (section 5), instead of those of
        CGI.

    .. attribute:: rest

       What stood behind the head.
    """

    def __init__(self, *, whole: bool) -> None:
        self.rest = b""
        self._whole = whole
        self._begun = b""

    def feed(self, piece: bytes) -> ScriptHead | None:
        """The head, once it is there.  Raises :class:`ScriptError` for one that is none."""
        # The mark of the end may have begun in the last two bytes.
        start = max(0, len(self._begun) - 2)
        self._begun += piece
        if self._begun.startswith((b"\n", b"\r\n")):
            raise ScriptError("the header is empty")
        end = _END.search(self._begun, start)
        if end is None or end.start() > HEAD:
            if len(self._begun) > HEAD:
                raise ScriptError(f"the header has more than {HEAD} bytes")
            return None
        self.rest = self._begun[end.end() :]
        lines = [line.removesuffix(b"\r") for line in self._begun[: end.start()].split(b"\n")]
        return _whole_head(lines) if self._whole else _cgi_head(lines)

    def end(self) -> None:
        """Raises :class:`ScriptError`: there should have been a head."""
        raise ScriptError("ended before the end of its header" if self._begun else "ended without an answer")


def _whole_head(lines: list[bytes]) -> ScriptHead:
    """The head of a response that a script has written whole."""
    found = _STATUS_LINE.fullmatch(lines[0])
    if found is None:
        raise ScriptError(
            "the first line is not a status line, as that of a script whose name begins with nph-"
        )
    fields = _fields(lines[1:])
    single = _single(fields, ("content-length", "content-type", "transfer-encoding"))
    if "transfer-encoding" in single:
        raise ScriptError("Transfer-Encoding is the server's affair")
    return ScriptHead(
        _checked_status(found[1].decode()), single.get("content-type"), None, _length(single), tuple(fields)
    )


def _cgi_head(lines: list[bytes]) -> ScriptHead:
    if _STATUS_LINE.fullmatch(lines[0]):
        raise ScriptError("a status line is for scripts whose names begin with nph-; write a Status field")
    fields = _fields(lines)
    single = _single(fields, (*_OF_CGI, "content-length"))
    if not any(name in single for name in _OF_CGI):
        raise ScriptError("there is neither Content-Type nor Location nor Status in the header")
    status = single.get("status")
    if status is not None:
        found = _STATUS.fullmatch(status)
        if found is None:
            raise ScriptError("Status is not a number of three digits and words behind it")
        status = found[1]
    kept = ((name, value) for name, value in fields if not _is_servers(name.lower()))
    return ScriptHead(
        None if status is None else _checked_status(status),
        single.get("content-type"),
        single.get("location"),
        _length(single),
        tuple(kept),
    )


def _is_servers(name: str) -> bool:
    """Whether a field is for the server only (section 6.3.5)."""
    return name == "status" or name.startswith("x-cgi-")


def _fields(lines: list[bytes]) -> list[tuple[str, str]]:
    if len(lines) > FIELDS:
        raise ScriptError(f"the header has more than {FIELDS} fields")
    fields = []
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None:
            # What is wrong with it may be that it was meant for the content, which is nobody's to log.
            raise ScriptError(f"line {number} of the header is not of the form Name: value")
        fields.append((found[1].decode("ascii"), found[2].decode("latin-1").rstrip("\t ")))
    return fields


def _single(fields: list[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
    """The values of those of `names` that are there; each may be there once."""
    single: dict[str, str] = {}
    for written, value in fields:
        name = written.lower()
        if name in names:
            if name in single:
                raise ScriptError(f"there is more than one {written} in the header")
            if not value:
                raise ScriptError(f"{written} has no value")
            single[name] = value
    return single


def _checked_status(digits: str) -> int:
    if not 200 <= int(digits) <= 599:
        raise ScriptError(f"{digits} is not the status of a response")
    return int(digits)


def _length(single: dict[str, str]) -> int | None:
    length = single.get("content-length")
    if length is None:
        return None
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        raise ScriptError("Content-Length is not a number")
    return int(length)
