"""What an access is in the log: a line of the combined format, or of JSON.

Everything a client wrote is escaped, so that nothing of it can look like another line, or like another
field.  Credentials are in neither: no value of Authorization or Cookie is, and the secrets of queries are
masked.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from protocols.http.access_log.access import Access
from protocols.http.access_log.redaction import Redaction
from protocols.http.request import RequestHead

Line = Callable[[Access], str]

_UNSAFE = re.compile(r"[^ !#-\[\]-~]")
"""What does not stand for itself between double quotes."""

LONGEST: Final = 2048
"""Characters of one field; the rest of a longer one is left out."""


def combined(service: str, redact: Redaction) -> Line:
    """Lines of the combined log format of Apache and nginx, with three fields more: seconds to the head of
    the response, seconds to its end, and the id of the request."""

    def line(access: Access) -> str:
        peer, request = access.peer, access.request
        asked, referer, agent, request_id = "-", b"", b"", "-"
        if request is not None:
            asked = f"{quotable(request.method)} {quotable(redact(request.target))} HTTP/{request.version}"
            referer, agent = _fields(request)
            request_id = request.id
        origin = quotable(redact(referer.decode("latin-1"))) if referer else "-"
        return (
            f"{word(peer.host)} - {word(peer.user)} [{local_time(int(time.time()))}] "
            f'"{asked}" {access.status} {access.sent or "-"} "{origin}" "{_agent(agent[:LONGEST])}" '
            f'{_seconds(access.first)} {_seconds(access.duration)} "{request_id}"\n'
        )

    return line


def json_lines(service: str, redact: Redaction) -> Line:
    """One JSON object a line; what is not known is not in it."""

    def line(access: Access) -> str:
        peer, request = access.peer, access.request
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        values: dict[str, Any] = {"time": now, "service": service, "peer": peer.host, "user": peer.user}
        if request is not None:
            referer, agent = _fields(request)
            values |= {
                "method": request.method,
                "target": redact(request.target)[:LONGEST],
                "host": request.host,
                "scheme": request.scheme,
                "version": request.version,
                "referer": redact(referer.decode("latin-1"))[:LONGEST] or None,
                "agent": agent.decode("latin-1")[:LONGEST] or None,
                "id": request.id,
            }
        values |= {
            "status": access.status,
            "bytes": access.sent,
            "first": None if access.first is None else round(access.first, 6),
            "duration": None if access.duration is None else round(access.duration, 6),
        }
        return object_line(values)

    return line


def object_line(values: Mapping[str, Any]) -> str:
    """`values` as one JSON object on a line, without those that are not known."""
    return json.dumps({name: value for name, value in values.items() if value is not None}) + "\n"


FORMATS: Final = {"combined": combined, "json": json_lines}


def _fields(request: RequestHead) -> tuple[bytes, bytes]:
    """Referer and User-Agent; read as bytes, since decoding all fields costs more than the
    rest of a line."""
    referer = agent = b""
    for name, value in request.headers.octets():
        if name == b"user-agent":
            agent = value
        elif name == b"referer":
            referer = value
    return referer, agent


def _octets(value: bytes) -> str:
    return quotable(value.decode("latin-1")) or "-"


# Many requests are of few agents and peers.
_agent = lru_cache(maxsize=512)(_octets)


def quotable(text: str) -> str:
    """`text`, whose characters stand for octets, so that it may stand between double quotes."""
    text = text[:LONGEST]
    return _UNSAFE.sub(_escaped, text) if _UNSAFE.search(text) else text


@lru_cache(maxsize=1024)
def word(text: str | None) -> str:
    """`text` as one field that is not quoted; a dash for nothing."""
    if not text:
        return "-"
    octets = text.encode("utf-8", "surrogatepass").decode("latin-1")
    return quotable(octets).replace(" ", r"\x20")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in '"\\':
        return "\\" + character
    return rf"\x{ord(character):02x}"  # one octet: what came over the wire was taken for Latin-1


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}"


@lru_cache(maxsize=2)
def local_time(second: int) -> str:
    """The time in the form of the combined log format."""
    # Not strftime's %b, which speaks the language of the locale.
    local = time.localtime(second)
    return f"{local.tm_mday:02d}/{_MONTHS[local.tm_mon - 1]}/{local.tm_year}:" + time.strftime(
        "%H:%M:%S %z", local
    )


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
