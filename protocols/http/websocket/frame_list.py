"""Messages as frames, for many WebSockets that are sent the same."""

from __future__ import annotations

from collections.abc import Sequence

from websockets.extensions import Extension
from websockets.frames import BINARY, TEXT, Frame

from protocols.utf8 import is_utf8


class FrameList:
    """`messages`, each as one frame: as text if that is wanted and it is UTF-8, and else as binary.

    .. attribute:: all_text

       Whether each is text.

    .. attribute:: size

       Bytes of the messages.
    """

    __slots__ = ("_kinds", "_plain", "all_text", "messages", "size")

    def __init__(self, messages: Sequence[bytes], text: bool) -> None:
        self.messages = messages
        self.size = sum(map(len, messages))
        self._kinds = [TEXT if text and is_utf8(message) else BINARY for message in messages]
        self.all_text = BINARY not in self._kinds
        self._plain: bytes | None = None

    def serialized(self, extensions: Sequence[Extension]) -> bytes:
        """The frames, one after the other; made once for all to whom they go without `extensions`."""
        if extensions:  # each connection compresses with what it has sent before
            return self._serialize(extensions)
        if self._plain is None:
            self._plain = self._serialize(extensions)
        return self._plain

    def _serialize(self, extensions: Sequence[Extension]) -> bytes:
        return b"".join(
            Frame(kind, message).serialize(mask=False, extensions=extensions)
            for kind, message in zip(self._kinds, self.messages, strict=True)
        )
