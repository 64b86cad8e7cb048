"""What a client wants to read of a channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from protocols.channels.since import ALL, Since
from protocols.codec import DecodeError, Fault
from protocols.http.content_coding import qualities
from protocols.http.errors import HTTPError
from protocols.http.request import RequestHead

Media: TypeAlias = Literal["application/x-ndjson", "application/json", "text/event-stream"]

NDJSON: Final[Media] = "application/x-ndjson"
JSON: Final[Media] = "application/json"
EVENTS: Final[Media] = "text/event-stream"

FORMATS: Final[dict[str, Media]] = {"ndjson": NDJSON, "json": JSON, "events": EVENTS}
"""What ``format=`` calls them; the first is what a client gets that does not say."""

PAGE: Final = 1000
"""Messages of one answer in JSON that names no limit: some 200 kB of small ones.  Who wants all of them reads
lines."""

WAIT: Final = 60.0
"""Seconds that an answer waits for a message at most, whatever is asked for: proxies hang up after that."""

_LIMIT = re.compile(r"0*[1-9]\d{0,17}", re.ASCII)
_WAIT = re.compile(r"(\d{1,6})([sm]?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to read, and how."""

    media: Media = NDJSON
    since: Since = ALL
    limit: int = 0
    """Messages; 0: as many as there are."""
    key: str = ""
    wait: float = 0.0
    """Seconds until an answer without messages."""
    body: bool = False
    """Whether an event is the body of the message alone."""

    @classmethod
    def of(cls, request: RequestHead, *, since: Since = ALL, body: bool = False) -> Wanted:
        """What `request` says in its query, its Accept and its Last-Event-ID.

        :param since: where to begin unless it says.
        :param body: whether events are bodies, unless it says.

        Raises :class:`DecodeError` (422) for what cannot be understood, and :class:`HTTPError` (406) where
        it takes nothing of what there is.
        """
        query = request.query
        media, body = _form(request, body)
        limit = _limit(query.get("limit"))
        if media == EVENTS:
            if limit:
                raise _wrong("limit", f"a stream of events ({EVENTS}) has no limit")
            return cls(media, _since_of_events(request, since), key=query.get("key", "") or "", body=body)
        if media == JSON:
            limit = limit or PAGE
        wait = _wait(query.get("wait"))
        return cls(media, _since(query.get("since"), since), limit, query.get("key", "") or "", wait)


def _form(request: RequestHead, body: bool) -> tuple[Media, bool]:
    said = request.query.get("format")
    if said in FORMATS:
        return FORMATS[said], body
    accept = request.headers.get("accept")
    media = NDJSON if accept is None else _accepted(accept)
    if said is None:
        return media, body
    if said not in ("body", "message"):
        raise _wrong("format", f"format is {', '.join(FORMATS)}, body or message, and not {said!r}")
    if media != EVENTS:
        raise _wrong("format", f"format={said} says what an event is, and this is not to be {EVENTS}")
    return media, said == "body"


def _accepted(accept: str) -> Media:
    """What the client likes best; of what it likes equally what it names more exactly."""
    weights = qualities(accept)

    def rank(media: Media) -> tuple[float, int]:
        ranges = (media, f"{media.partition('/')[0]}/*", "*/*")
        for exactness, each in enumerate(ranges):
            if each in weights:
                return weights[each], -exactness
        return 0.0, 0

    best = max(FORMATS.values(), key=rank)
    if rank(best)[0] == 0 and weights:
        raise HTTPError(406, f"There is {', '.join(FORMATS.values())}")
    return best if weights else NDJSON


def _since_of_events(request: RequestHead, default: Since) -> Since:
    """The last event that the client has heard, if it comes back: in the header field, or in the query, where
    scripts put it that stand in for ``EventSource``."""
    named = "Last-Event-ID", "/headers/last-event-id"
    said = request.headers.get("last-event-id")
    if not said:
        named = "lastEventId", "/query/lastEventId"
        said = request.query.get("lastEventId")
    if not said:
        return _since(request.query.get("since"), default)
    try:
        since = Since.parse(said)
    except ValueError:
        since = default
    if since.kind != "seq":
        name, place = named
        words = f"{name} is the sequence number of the last event, and not {said!r}"
        raise DecodeError.invalid(Fault(place, words, "value_error"))
    return since


def _since(said: str | None, default: Since) -> Since:
    if said is None:
        return default
    try:
        # What stands before the offset of a time is a plus, which in a query is a space unless it is encoded.
        return Since.parse(said[:11] + said[11:].replace(" ", "+"))
    except ValueError as error:
        raise _wrong("since", str(error)) from None


def _limit(said: str | None) -> int:
    if said is None:
        return 0
    if not _LIMIT.fullmatch(said):
        raise _wrong("limit", f"limit is a number of messages, 1 or more, and not {said!r}")
    return int(said)


def _wait(said: str | None) -> float:
    if said is None:
        return 0.0
    found = _WAIT.fullmatch(said)
    if found is None:
        raise _wrong("wait", f"wait is a number of seconds such as 30s, and not {said!r}")
    return min(float(found[1]) * (60 if found[2] == "m" else 1), WAIT)


def _wrong(name: str, words: str) -> DecodeError:
    return DecodeError.invalid(Fault(f"/query/{name}", words, "value_error"))
