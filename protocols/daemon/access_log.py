"""From ``log`` to what writes the access log of a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from protocols.daemon.carriers import Carriers
from protocols.daemon.spec.log import LogSpec
from protocols.http.access_log.access import Access
from protocols.http.access_log.file import LineFile
from protocols.http.access_log.lines import FORMATS
from protocols.http.access_log.redaction import Redaction

log = Logger(namespace="polyport.access")


def access_log(spec: LogSpec | None, carriers: Carriers, reactor: Any) -> Callable[[Access], None] | None:
    """What is told of each request; ``None`` where nobody wants to know."""
    if spec is None or spec.access == "off":
        return None
    service = carriers.journal.service
    line = FORMATS[spec.access](service, Redaction(spec.redact))
    if spec.file is None:
        return lambda access: log.info("{service}: {line}", service=service, line=line(access).rstrip("\n"))
    file = LineFile(spec.file, reactor)
    carriers.stops.append(file.close)
    carriers.rotates.append(file.rotate)
    return lambda access: file.write(line(access))
