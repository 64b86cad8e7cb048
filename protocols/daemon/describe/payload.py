"""What a message is, for a reader of AsyncAPI or OpenAPI."""

from __future__ import annotations

import inspect
from typing import Any, Final

from protocols.codec import codec_for
from protocols.daemon.describe.schemas import Built, Direction, Schemas

BINARY: Final = {"type": "string", "format": "binary"}
TEXT: Final = {"type": "string"}


class Payload:
    """One kind of message: its media type, and its schema once :class:`Schemas` is built."""

    def __init__(self, annotation: object, codec: str | None, direction: Direction, schemas: Schemas) -> None:
        if annotation is inspect.Parameter.empty:
            annotation = bytes if direction == "validation" else object
        self.content_type, self._plain = _form(annotation, codec)
        self._key = None if self._plain is not None else schemas.add(annotation, direction)

    def schema(self, built: Built) -> dict[str, Any]:
        """The schema, of those that were `built`."""
        if self._key is None:
            return dict(self._plain or {})
        return built.of(self._key)


def _form(annotation: object, codec: str | None) -> tuple[str, dict[str, Any] | None]:
    if codec in (None, "bytes") and annotation in (bytes, bytearray, memoryview):
        return "application/octet-stream", BINARY
    if codec in (None, "text") and annotation is str:
        return "text/plain; charset=utf-8", TEXT
    try:
        return codec_for(annotation, codec).content_type, None
    except (TypeError, ValueError):
        return "application/octet-stream", BINARY
