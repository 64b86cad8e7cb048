"""From ``log`` to what writes the access log of a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twisted.logger import Logger

from protocols.connection_record import ConnectionRecord
from protocols.daemon.carriers import Carriers
from protocols.daemon.connection_lines import CONNECTION_FORMATS
from protocols.daemon.spec.log import LogSpec
from protocols.http.access_log.access import Access
from protocols.http.access_log.file import LineFile
from protocols.http.access_log.lines import FORMATS
from protocols.http.access_log.redaction import Redaction

T = TypeVar("T")

log = Logger(namespace="polyport.access")


def access_log(spec: LogSpec | None, carriers: Carriers, reactor: Any) -> Callable[[Access], None] | None:
    """What is told of each request; ``None`` where nobody wants to know."""
    return _log(FORMATS, spec, carriers, reactor)


def connection_log(
    spec: LogSpec | None, carriers: Carriers, reactor: Any
) -> Callable[[ConnectionRecord], None] | None:
    """What is told of each connection, and datagram, of a service that is none of HTTP; ``None`` where nobody
    wants to know."""
    return _log(CONNECTION_FORMATS, spec, carriers, reactor)


def _log(
    formats: Mapping[str, Callable[[str, Redaction], Callable[[T], str]]],
    spec: LogSpec | None,
    carriers: Carriers,
    reactor: Any,
) -> Callable[[T], None] | None:
    if spec is None or spec.access == "off":
        return None
    service = carriers.journal.service
    line = formats[spec.access](service, Redaction(spec.redact))
    if spec.file is None:
        return lambda access: log.info("{service}: {line}", service=service, line=line(access).rstrip("\n"))
    file = LineFile(spec.file, reactor)
    carriers.stops.append(file.close)
    carriers.rotates.append(file.rotate)
    return lambda access: file.write(line(access))
