"""``log``: what a service writes of its requests, or connections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StrictStr

from protocols.daemon.spec.choice import Known, Listed
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.paths import FilePath
from protocols.http.access_log.redaction import REDACTED


class LogSpec(Spec):
    """The access log of a service."""

    short = "access"

    access: Annotated[Literal["off", "combined", "text", "json"], Known()] = "off"
    """A line for each request of `http`: `combined` as Apache and nginx write it, with three fields more, or
    `json`; otherwise one for each connection that is over, and each datagram: `text` or `json`.  Unless said,
    `off`."""
    file: FilePath | None = None
    """The file the lines are appended to; unless said, the log of the daemon. SIGUSR1 begins a new one."""
    redact: Annotated[tuple[StrictStr, ...], Listed()] = REDACTED
    """Parameters of queries of `http` whose values are masked."""
