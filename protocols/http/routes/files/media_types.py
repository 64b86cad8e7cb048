"""The media type of a file, by its name."""

from __future__ import annotations

import mimetypes
from typing import Final

from protocols.http.response import OCTETS

_NEWER: Final = {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""What Python's own table lacks or has had under another name."""

_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
}


def _table() -> mimetypes.MimeTypes:
    # Not the machine's own files: the same site answers alike everywhere.
    table = mimetypes.MimeTypes()
    for suffix, media in _NEWER.items():
        table.add_type(media, suffix)
    return table


_TABLE = _table()


def media_type(name: str) -> str:
    """The Content-Type for a file called `name`; text is taken to be UTF-8.

    What is not known is ``application/octet-stream``: never something a browser would run.
    """
    media, encoding = _TABLE.guess_type(f"/{name}")
    if encoding is not None:
        return _COMPRESSED.get(encoding, OCTETS)
    if media is None:
        return OCTETS
    return f"{media}; charset=utf-8" if media.startswith("text/") else media
