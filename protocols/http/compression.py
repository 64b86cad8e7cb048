"""Bodies that are compressed while they are sent.

gzip is always there; zstd and Brotli (RFC 8878, RFC 7932) where their libraries are installed, which
``pip install polyport[compression]`` does.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred

from protocols.http.source import Source

if TYPE_CHECKING:
    from protocols.handlers.threads import ThreadPool

LEAST: Final = 1024
"""Bytes below which compressing is not worth it: the whole fits into one packet anyway."""

GZIP_LEVEL: Final = 6
"""zlib's own default: higher ones take twice the time for a hundredth less."""

ZSTD_LEVEL: Final = 3
"""zstd's own default, quicker and smaller than gzip.  Its window is well below the 8 MiB that clients
have to take (RFC 9659)."""

BROTLI_QUALITY: Final = 5
"""The highest that is as quick as gzip."""

BROTLI_WINDOW: Final = 19
"""Twice the logarithm of the bytes it looks back: half a MiB for each response that is under way."""

_TYPES: Final = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/manifest+json",
        "application/rtf",
        "application/sql",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-tex",
        "application/xml",
        "application/yaml",
        "font/otf",
        "font/ttf",
        "image/bmp",
        "image/svg+xml",
        "image/vnd.microsoft.icon",
        "image/x-icon",
    }
)
"""Media types, besides ``text/…``, ``…+json`` and ``…+xml``, whose bytes are not compressed already."""


class Compressor(Protocol):
    """What turns the pieces of one body into those of its compressed form."""

    def compress(self, piece: bytes, /) -> bytes:
        """What can be told after `piece`; may be empty."""

    def flush(self) -> bytes:
        """The rest; nothing is compressed after it."""


def _gzip() -> Compressor:
    # 16 asks for gzip's own header (RFC 1952), with no time in it: equal bytes in, equal bytes out.
    return zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)


def _found() -> dict[str, Callable[[], Compressor]]:
    found: dict[str, Callable[[], Compressor]] = {}
    zstd = _zstd_module()
    if zstd is not None:
        found["zstd"] = lambda: zstd.ZstdCompressor(level=ZSTD_LEVEL)
    try:
        import brotli
    except ImportError:
        pass
    else:
        found["br"] = lambda: _Brotli(brotli.Compressor(quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW))
    return found | {"gzip": _gzip}


def _zstd_module() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        return None
    return zstd


class _Brotli:
    """Brotli's compressor under the names that the others use."""

    def __init__(self, compressor: Any) -> None:
        self.compress: Callable[[bytes], bytes] = compressor.process
        self.flush: Callable[[], bytes] = compressor.finish


COMPRESSORS: Final[Mapping[str, Callable[[], Compressor]]] = _found()
"""By content coding, the quickest first."""

CODINGS: Final = tuple(COMPRESSORS)
"""The content codings that bodies can be compressed with here, the most welcome first."""


def is_compressible(media_type: str | None) -> bool:
    """Whether bodies of `media_type`, parameters and all, become clearly smaller."""
    media = (media_type or "").partition(";")[0].strip().lower()
    return media.startswith("text/") or media.endswith(("+json", "+xml")) or media in _TYPES


def compress(content: bytes, coding: str) -> bytes:
    """`content` in `coding`, one of :data:`CODINGS`."""
    compressor = COMPRESSORS[coding]()
    return compressor.compress(content) + compressor.flush()


class CompressedSource(Source):
    """The pieces of `source` in `coding`, one of :data:`CODINGS`; it owns `source`.

    No more is held than one piece and what the coding looks back.

    :param threads: where pieces are compressed; without it, in the reactor's thread, which a piece of
        64 KiB holds up for one to three milliseconds.
    """

    def __init__(self, source: Source, coding: str, threads: ThreadPool | None = None) -> None:
        self._source = source
        self._compressor = COMPRESSORS[coding]()
        self._threads = threads
        self._over = False
        self._pending: Deferred[bytes | None] | None = None

    def read(self) -> bytes | Deferred[bytes | None] | None:
        if self._over:
            return None
        piece = self._source.read()
        outcome = piece.addCallback(self._take) if isinstance(piece, Deferred) else self._take(piece)
        if isinstance(outcome, Deferred):
            self._pending = outcome
            outcome.addBoth(self._settled)
        return outcome

    def close(self) -> None:
        self._over = True
        if self._pending is not None:
            self._pending.cancel()
        self._source.close()

    def _take(self, piece: bytes | None) -> Any:
        if piece is None:
            self._over = True
            return self._call(self._compressor.flush)
        return self._call(self._compressor.compress, piece)

    def _call(self, function: Callable[..., bytes], *arguments: bytes) -> bytes | Deferred[bytes | None]:
        if self._threads is None:
            return function(*arguments)
        return self._threads.call(function, *arguments)

    def _settled(self, outcome: Any) -> Any:
        self._pending = None
        return outcome
