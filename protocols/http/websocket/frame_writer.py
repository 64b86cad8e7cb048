"""Frames to a transport, gathered while a read is being answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from twisted.internet.interfaces import ITransport
from websockets.extensions import Extension
from websockets.frames import BINARY, TEXT, Frame, Opcode

from protocols.counts import Counts
from protocols.http.websocket.frame_list import FrameList
from protocols.journal import Journal
from protocols.session import Peer

GATHERED: Final = 64 * 1024
"""Bytes of answers to one read that are gathered before they are written."""


MESSAGES: Final = (TEXT, BINARY)

_COUNTED_BELOW: Final = Counts()
"""Where nobody looks: what a stream of HTTP/2 writes is counted as the connection writes it."""


class FrameWriter:
    """Writes frames to `transport`, and counts them; gathers between :meth:`cork` and :meth:`uncork`."""

    __slots__ = ("_counts", "_extensions", "_frames", "_peer", "_size", "_tap", "_transport", "corked")

    def __init__(
        self, transport: ITransport, extensions: Sequence[Extension], journal: Journal, peer: Peer
    ) -> None:
        self.corked = False
        self._transport = transport
        self._counts = _COUNTED_BELOW if getattr(transport, "counts_bytes", False) else journal.counts
        self._tap = journal.tap
        self._peer = peer
        self._extensions = extensions
        self._frames: list[bytes] = []
        self._size = 0

    def write(self, opcode: Opcode, data: bytes) -> None:
        """Send one frame, which is a whole message or a control frame."""
        if self._tap.watched and opcode in MESSAGES:
            self._tap.passed(self._peer, "out", data, self._tap.took(self._peer) if self.corked else None)
        self._write(Frame(opcode, data).serialize(mask=False, extensions=self._extensions))

    def write_many(self, several: FrameList) -> None:
        """Send several messages, in one piece."""
        if self._tap.watched:
            for message in several.messages:
                self._tap.passed(self._peer, "out", message)
        self._write(several.serialized(self._extensions))

    def _write(self, frame: bytes) -> None:
        if not self.corked:
            self._counts.bytes_out += len(frame)
            self._transport.write(frame)
            return
        self._frames.append(frame)
        self._size += len(frame)
        if self._size > GATHERED:
            self.flush()

    def cork(self) -> bool:
        """Gather from now on; ``False`` if that was so already, by somebody who will uncork."""
        outermost = not self.corked
        self.corked = True
        return outermost

    def uncork(self) -> None:
        """Write what was gathered, and gather no more."""
        self.corked = False
        self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        frames = self._frames
        if frames:
            data = frames[0] if len(frames) == 1 else b"".join(frames)
            frames.clear()
            self._size = 0
            self._counts.bytes_out += len(data)
            self._transport.write(data)
