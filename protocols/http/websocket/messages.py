"""From the bytes of a client to messages and control frames; no connection in sight.

Frames, their masks and compression are the ``websockets`` library's.  What is on top of them is here: the
fragments of a message (RFC 6455, section 5.4), its size, and its text, which must be UTF-8 (section 8.1)
and is given up at the first fragment that is not.
"""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Generator, Sequence
from typing import Final, TypeAlias

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions import Extension
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Close, Frame, Opcode
from websockets.streams import StreamReader

from protocols.http.websocket.codes import INVALID_DATA, PROTOCOL_ERROR, TOO_BIG

Event: TypeAlias = tuple[Opcode, bytes]
"""TEXT or BINARY with a whole message, PING or PONG with what the frame holds, or CLOSE with nothing: what
that says is in :attr:`MessageReader.close`."""

CONTROL: Final = 125
"""Bytes of the longest control frame (RFC 6455, section 5.5)."""

_new_utf8_decoder: Final = getincrementaldecoder("utf-8")


class WebSocketError(Exception):
    """The peer breaks the protocol.

    :param code: what its connection is closed with.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class MessageReader:
    """What a client sends, message by message.

    :param limit: bytes of the longest message, decompressed.
    :param extensions: those that were agreed on.

    .. attribute:: close

       The peer's Close, once it has come; what follows it is not looked at.

    .. attribute:: fault

       What is wrong with what has come; nothing behind it can be read.
    """

    def __init__(self, limit: int, extensions: Sequence[Extension] = ()) -> None:
        self.close: Close | None = None
        self.fault: WebSocketError | None = None
        self._limit = limit
        self._extensions = extensions
        self._buffer = StreamReader()
        self._events: list[Event] = []
        self._opcode: Opcode | None = None  # of the message whose fragments are coming
        self._message = bytearray()
        self._decoder: IncrementalDecoder | None = None
        self._parser = self._parse()
        next(self._parser)

    @property
    def partial(self) -> bool:
        """Whether a message has begun, and is not here whole."""
        return self._opcode is not None or bool(self._buffer.buffer)

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes; after it :attr:`close` and :attr:`fault` say whether there will be more."""
        if self.close is not None or self.fault is not None:
            return []
        self._buffer.feed_data(data)
        next(self._parser)
        events, self._events = self._events, []
        return events

    def _parse(self) -> Generator[None]:
        try:
            while self.close is None:
                if not self._buffer.buffer:
                    yield
                    continue
                frame = yield from Frame.parse(
                    self._buffer.read_exact,
                    mask=True,
                    # Control frames may come between fragments, and are not counted.
                    max_size=max(self._limit - len(self._message), CONTROL),
                    extensions=self._extensions,
                )
                self._take(frame)
        except ProtocolError as error:
            self.fault = WebSocketError(PROTOCOL_ERROR, str(error))
        except PayloadTooBig:
            self.fault = WebSocketError(TOO_BIG, f"a message has {self._limit} bytes at most")
        except UnicodeDecodeError:
            # Not chained: it carries the message.
            self.fault = WebSocketError(INVALID_DATA, "text must be UTF-8")
        yield

    def _take(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode <= BINARY and len(self._message) + len(frame.data) > self._limit:
            raise PayloadTooBig(None, self._limit)
        if opcode is TEXT or opcode is BINARY:
            if self._opcode is not None:
                raise ProtocolError("expected a continuation frame")
            if frame.fin:
                message = bytes(frame.data)
                if opcode is TEXT and not message.isascii():
                    message.decode()
                self._events.append((opcode, message))
            else:
                self._opcode = opcode
                self._decoder = _new_utf8_decoder() if opcode is TEXT else None
                self._add(frame)
        elif opcode is CONT:
            if self._opcode is None:
                raise ProtocolError("unexpected continuation frame")
            self._add(frame)
        elif opcode is CLOSE:
            self.close = Close.parse(bytes(frame.data))
            self._events.append((opcode, b""))
        else:
            assert opcode is PING or opcode is PONG
            self._events.append((opcode, bytes(frame.data)))

    def _add(self, fragment: Frame) -> None:
        self._message += fragment.data
        if self._decoder is not None:
            self._decoder.decode(fragment.data, fragment.fin)
        if fragment.fin:
            assert self._opcode is not None
            self._events.append((self._opcode, bytes(self._message)))
            self._opcode = self._decoder = None
            self._message.clear()
