"""Many messages in one request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from protocols.channels.channel import Channel
from protocols.channels.errors import ChannelError, RefusedError
from protocols.channels.message import Entry, Receipt
from protocols.channels.sender import sender_of
from protocols.codec import DecodeError
from protocols.codec.json_codec import encode_json
from protocols.http.error_pages import PROBLEM
from protocols.http.errors import HTTPError, phrase
from protocols.http.request import RequestHead
from protocols.http.response import JSON, Response
from protocols.http.routes.channel.lines import lines_of
from protocols.http.routes.channel.refusals import refusal
from protocols.http.routes.channel.told import place_of, published
from protocols.http.source import Source

BATCH_MESSAGES: Final = 1000
"""Messages that are published together: one commit for all of them, and a tenth of what may wait for a
store."""

BATCH_BYTES: Final = 1024 * 1024
"""Bytes of bodies that are published together, and held until then."""

FAULTS: Final = 100
"""Wrong lines that are told of: who has more of them has seen enough."""

_AROUND: Final = 4096
"""Bytes of a line besides the body, which with its escapes may take twice its own bytes."""

MakeEntry = Callable[[bytes, str, str, str], Entry]
"""From a line, a key, an id and a sender to an entry.  Raises :class:`RefusedError`."""


class Bulk:
    """Publishes the lines of `body`, a batch at a time: all of a batch or nothing of it, and nothing behind
    one that was not.  So what fits into one batch is published as a whole or not at all.

    Empty lines are none.  The id of the nth line is the request's own and n, so that a request that is
    made again publishes nothing twice.

    :param key: of lines that say none.
    :param name: the request's own name; empty: it has none.
    :param reads: whether they can be read where `request` publishes them.
    """

    def __init__(
        self, channel: Channel, request: RequestHead, make: MakeEntry, *, key: str, name: str, reads: bool
    ) -> None:
        self._channel = channel
        self._request = request
        self._make = make
        self._key = key
        self._name = name
        self._reads = reads
        self._sender = sender_of(request.peer)
        self._line = 0
        self._entries: list[Entry] = []
        self._lines: list[int] = []  # where each entry was
        self._octets = 0
        self._faults: list[dict[str, object]] = []
        self._new = self._known = self._first = self._last = 0

    async def publish(self, body: Source) -> Response:
        """Publish all of `body`, and say what became of it."""
        try:
            async for lines in lines_of(body, 2 * self._channel.settings.message + _AROUND):
                for line in lines:
                    self._take(line)
                    if len(self._entries) >= BATCH_MESSAGES or self._octets >= BATCH_BYTES:
                        await self._flush()
                if len(self._faults) >= FAULTS:
                    break
            await self._flush()
        except _WrongLinesError:
            return self._problem(422, f"{self._faults[0]['detail']} (line {self._faults[0]['line']})")
        except ChannelError as error:
            return self._refused(refusal(error))
        except HTTPError as error:
            return self._refused(error)
        return self._done()

    def _take(self, line: bytes) -> None:
        self._line += 1
        line = line.strip(b" \t\r")
        if not line:
            return
        name = f"{self._name}.{self._line}" if self._name else ""
        try:
            entry = self._make(line, self._key, name, self._sender)
        except RefusedError as error:
            self._wrong(self._line, error)
            return
        self._entries.append(entry)
        self._lines.append(self._line)
        self._octets += len(entry.body)

    async def _flush(self) -> None:
        if self._faults:
            raise _WrongLinesError
        entries, lines = self._entries, self._lines
        self._entries, self._lines, self._octets = [], [], 0
        if not entries:
            return
        try:
            receipts = await published(self._channel, entries)
        except (RefusedError, DecodeError):
            self._find_wrong(entries, lines)
            raise _WrongLinesError from None
        for receipt in receipts:
            self._count(receipt)

    def _count(self, receipt: Receipt) -> None:
        if receipt.is_new:
            self._new += 1
            self._first = self._first or receipt.seq
            self._last = receipt.seq
        else:
            self._known += 1

    def _find_wrong(self, entries: list[Entry], lines: list[int]) -> None:
        for entry, line in zip(entries, lines, strict=True):
            try:
                self._channel.check([entry])
            except (RefusedError, DecodeError) as error:
                self._wrong(line, error)

    def _wrong(self, line: int, error: RefusedError | DecodeError) -> None:
        faults = error.errors if isinstance(error, DecodeError) else ()
        told: list[dict[str, object]] = [
            {"line": line, "pointer": fault.path, "detail": fault.message, "kind": fault.kind}
            for fault in faults
        ]
        self._faults += told or [{"line": line, "detail": str(error)}]

    # -- what is told ----------------------------------------------------------------------------------

    def _said(self) -> dict[str, object]:
        said: dict[str, object] = {"published": self._new}
        if self._new:
            said |= {"first": self._first, "last": self._last}
        if self._known:
            said["known"] = self._known
        return said

    def _done(self) -> Response:
        if not self._new:
            return Response(encode_json(self._said()), 200, JSON)
        count = self._last - self._first + 1
        place = place_of(self._request, self._first, count) if self._reads else ()
        return Response(encode_json(self._said()), 201, JSON, place)

    def _refused(self, error: HTTPError) -> Response:
        return self._problem(error.status, error.detail, error.headers)

    def _problem(self, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
        document = {"type": "about:blank", "title": phrase(status), "status": status, "detail": detail}
        document |= self._said()
        if self._faults:
            document["errors"] = self._faults[:FAULTS]
        return Response(encode_json(document), status, PROBLEM, headers or {})


class _WrongLinesError(Exception):
    """Some lines are none that the channel takes: the faults say which."""
