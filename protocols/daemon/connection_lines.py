"""What a connection, or a datagram, is in the access log of a service that is none of HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from protocols.connection_record import ConnectionRecord
from protocols.http.access_log.lines import LONGEST, local_time, object_line, quotable, word
from protocols.http.access_log.redaction import Redaction

Line = Callable[[ConnectionRecord], str]


def text_lines(service: str, redact: Redaction) -> Line:
    """Lines that begin as those of the combined log format do, with host, user and time; behind that, the
    transport, seconds, messages, bytes that came and bytes that went, and why it ended."""

    def line(record: ConnectionRecord) -> str:
        peer = record.peer
        return (
            f"{word(peer.host)} - {word(peer.user)} [{local_time(int(time.time()))}] {peer.transport} "
            f"{_number(record.duration, '.6f')} {_number(record.messages)} {record.received} "
            f'{_number(record.sent)} "{quotable(record.reason.encode().decode("latin-1")) or "-"}"\n'
        )

    return line


def json_lines(service: str, redact: Redaction) -> Line:
    """One JSON object a line; what is not known is not in it."""

    def line(record: ConnectionRecord) -> str:
        peer, duration = record.peer, record.duration
        values: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": service,
            "peer": peer.host or None,
            "port": peer.port or None,
            "user": peer.user,
            "transport": peer.transport,
            "duration": None if duration is None else round(duration, 6),
            "messages": record.messages,
            "received": record.received,
            "sent": record.sent,
            "reason": record.reason[:LONGEST] or None,
        }
        return object_line(values)

    return line


CONNECTION_FORMATS: Final = {"text": text_lines, "json": json_lines}


def _number(value: float | None, form: str = "") -> str:
    return "-" if value is None else format(value, form)
