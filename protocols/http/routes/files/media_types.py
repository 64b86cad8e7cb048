"""The media type of a file, by its name."""

from __future__ import annotations

import mimetypes
from typing import Final

from protocols.http.response import OCTETS

_NEWER: Final = {
    ".7z": "application/x-7z-compressed",
    ".apk": "application/vnd.android.package-archive",
    ".apng": "image/apng",
    ".atom": "application/atom+xml",
    ".avif": "image/avif",
    ".cbor": "application/cbor",
    ".cjs": "text/javascript",
    ".deb": "application/vnd.debian.binary-package",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".geojson": "application/geo+json",
    ".heic": "image/heic",
    ".ics": "text/calendar",
    ".jar": "application/java-archive",
    ".js": "text/javascript",
    ".jsonl": "application/x-ndjson",
    ".jsonld": "application/ld+json",
    ".jxl": "image/jxl",
    ".log": "text/plain",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mkv": "video/matroska",
    ".ndjson": "application/x-ndjson",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".parquet": "application/vnd.apache.parquet",
    ".rar": "application/vnd.rar",
    ".rss": "application/rss+xml",
    ".rtf": "application/rtf",
    ".sql": "application/sql",
    ".toml": "application/toml",
    ".ttf": "font/ttf",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",
    ".weba": "audio/webm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xhtml": "application/xhtml+xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""What Python's own table lacks, or has under another name in one of its versions."""

_COMPRESSED: Final = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zstd": "application/zstd",
}


def _table() -> mimetypes.MimeTypes:
    # Not the machine's own files: the same site answers alike everywhere.
    table = mimetypes.MimeTypes()
    table.encodings_map[".zst"] = "zstd"
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
