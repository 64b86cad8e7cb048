"""``events``: a stream of Server-Sent Events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from protocols.daemon.spec.choice import Known
from protocols.daemon.spec.handler import Reference
from protocols.daemon.spec.model import Spec
from protocols.daemon.spec.values import Duration, PositiveDuration


class EventsSpec(Spec):
    """Sends what a Python generator yields as Server-Sent Events."""

    short = "call"

    call: Reference
    """The generator, `def` or `async def`, as `module:name`; it is called for each client."""
    run: Annotated[Literal["loop", "threads"], Known()] | None = None
    """Where it runs: in the event `loop` or in `threads`, one for each client. Unless said, `async def`
    runs in the loop and `def` in threads."""
    retry: Duration = Duration.parse("3s")
    """After how long browsers come back when the stream has ended."""
    heartbeat: PositiveDuration = Duration.parse("15s")
    """How long nothing may be sent; then a comment is, for proxies and to find out who has left."""
    streams: Annotated[StrictInt, Field(ge=1)] = 100
    """Clients at a time; further ones get 503."""
