"""A source, read as text that a parser may see."""

from __future__ import annotations

from pathlib import Path

from protocols.daemon.importers.place import Fault, Place, SourceError

MAX_SOURCE_SIZE = 1024 * 1024
"""Bytes of one file.  A thousand services need a tenth of this; what is larger is no configuration."""


def read_source(file: Path) -> str:
    """The text of `file`, with a surrogate (U+DC80 to U+DCFF) for each byte that is not UTF-8: old files have
    such bytes in comments.

    Raises :class:`SourceError` if it cannot be read, is too large, or holds what no text does.
    """
    place = Place(str(file))
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_SOURCE_SIZE + 1)
    except IsADirectoryError as error:
        raise SourceError([Fault(place, f"is a directory; name its files, as in {file}/*")]) from error
    except OSError as error:
        raise SourceError([Fault(place, f"cannot be read: {error.strerror}")]) from error
    except ValueError as error:
        raise SourceError([Fault(place, f"is no file name: {error}")]) from error
    if len(content) > MAX_SOURCE_SIZE:
        raise SourceError([Fault(place, f"is larger than {MAX_SOURCE_SIZE} bytes; that is no configuration")])
    return source_of(content, str(file))


def source_of(content: bytes, name: str) -> str:
    """`content` as text, as :func:`read_source` gives it.  Raises :class:`SourceError`."""
    zero = content.find(0)
    if zero >= 0:
        line = content.count(b"\n", 0, zero) + 1
        raise SourceError([Fault(Place(name, line), "holds a zero byte: this is no text")])
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def check_encodable(words: list[str]) -> str | None:
    """What is wrong with words of which one has bytes that are not UTF-8; such a word cannot be in YAML."""
    for word in words:
        for character in word:
            if "\udc80" <= character <= "\udcff":
                return f"byte 0x{ord(character) - 0xDC00:02x} is not UTF-8"
    return None
