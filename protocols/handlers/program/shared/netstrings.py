"""The protocol in netstrings: a line that says what and whom, and any bytes as they are."""

from __future__ import annotations

from collections.abc import Sequence

from protocols.framing import Netstring
from protocols.handlers.program.shared.actions import (
    LINE,
    Action,
    described,
)
from protocols.handlers.program.shared.framed_reader import FramedReader
from protocols.handlers.program.shared.words import action_of
from protocols.session import Peer
from protocols.utf8 import is_utf8

_encode = Netstring(LINE).encode


class NetstringWire:
    """Each event and each action is a netstring: ``verb client``, LF, content."""

    def reader(self) -> FramedReader:
        return FramedReader(Netstring(LINE).decoder(), _action)

    def opened(self, client: int, peer: Peer) -> bytes:
        lines = (f"{name} {_in_line(str(value))}" for name, value in described(peer).items())
        return _encode(b"open %d\n%b" % (client, "\n".join(lines).encode("utf-8", "replace")))

    def said(self, client: int, messages: Sequence[bytes], text: bool | None) -> bytes:
        as_text, as_binary = b"text %d\n" % client, b"binary %d\n" % client
        return b"".join(
            _encode((as_text if text or (text is None and is_utf8(message)) else as_binary) + message)
            for message in messages
        )

    def ended(self, client: int) -> bytes:
        return _encode(b"end %d\n" % client)

    def closed(self, client: int, reason: str) -> bytes:
        return _encode(b"close %d\n%b" % (client, reason.encode("utf-8", "replace")))

    def slow(self, client: int) -> bytes:
        return _encode(b"slow %d\n" % client)

    def ready(self, client: int) -> bytes:
        return _encode(b"ready %d\n" % client)


def _action(message: bytes) -> Action:
    head, _, content = message.partition(b"\n")
    verb, _, to = head.partition(b" ")
    return action_of(verb, to, content, message)


def _in_line(value: str) -> str:
    return value.replace("\n", " ")
