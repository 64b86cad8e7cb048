"""One event of a stream of Server-Sent Events (HTML Standard, section 9.2)."""

from __future__ import annotations

import re
from typing import Any, Final

from protocols.codec.json_codec import encode_json

_LINE_END = re.compile(r"\r\n|\r|\n")
_UNFIT_ID = re.compile(r"[\r\n\0]")
_NOTHING: Final = object()

HEARTBEAT: Final = b":\n\n"
"""A comment, which browsers do not see; whatever is between hears that the stream lives."""


class Event:
    """One event: what a page's ``EventSource`` hears.

    :param data: text as it is, also of several lines; bytes as UTF-8; any other value as JSON.  Without any
        the page hears nothing, but `id` and `retry` count.
    :param id: where the stream is: the browser says it when it comes back.
    :param event: the kind of event that the page listens for; ``message`` unless said.
    :param retry: seconds after which the browser is to come back, from now on.

    Raises :class:`ValueError` where it is made: for line ends in `id` or `event`, a NUL in `id`, a negative
    `retry`, and data that has no form as text.
    """

    __slots__ = ("octets",)

    octets: bytes
    """The event as it is sent."""

    def __init__(
        self,
        data: object = _NOTHING,
        *,
        id: str | int | None = None,  # noqa: A002 - its name in the format
        event: str | None = None,
        retry: float | None = None,
    ) -> None:
        lines: list[str] = []
        if event is not None:
            if _LINE_END.search(event):
                raise ValueError("the kind of an event holds a line end")
            lines.append(f"event: {event}")
        if id is not None:
            if _UNFIT_ID.search(str(id)):
                raise ValueError(
                    "the id of an event holds a line end or a NUL, which browsers would not keep"
                )
            lines.append(f"id: {id}")
        if retry is not None:
            lines.append(_retry(retry))
        if data is not _NOTHING:
            lines += [f"data: {line}" for line in _LINE_END.split(_text(data))]
        self.octets = "\n".join([*lines, "", ""]).encode()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and other.octets == self.octets

    def __hash__(self) -> int:
        return hash(self.octets)

    def __repr__(self) -> str:
        return f"<Event of {len(self.octets)} bytes>"


def encode_event(item: Any) -> bytes:
    """What a function yields, as an event."""
    return item.octets if isinstance(item, Event) else Event(item).octets


def retry_line(seconds: float) -> bytes:
    """What tells the browser when to come back."""
    return f"{_retry(seconds)}\n\n".encode()


def _retry(seconds: float) -> str:
    if seconds < 0:
        raise ValueError("retry is a number of seconds, not less than 0")
    return f"retry: {round(seconds * 1000)}"


def _text(data: object) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data).decode()
    return encode_json(data).decode()
