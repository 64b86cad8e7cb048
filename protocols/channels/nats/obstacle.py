"""Why channels in NATS cannot work here."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

from twisted.internet.asyncioreactor import AsyncioSelectorReactor


def obstacle(reactor: object) -> str | None:
    """What keeps this process from NATS, in words for whoever runs it; ``None``: nothing does."""
    if find_spec("nats") is None:
        return "nats-py is not installed: pip install 'polyport[nats]'"
    loop = getattr(reactor, "loop", None)
    if isinstance(loop, asyncio.AbstractEventLoop) or isinstance(reactor, AsyncioSelectorReactor):
        return None
    return (
        "nats-py needs asyncio, which this reactor does not run; without --reactor, or with "
        "--reactor=polyport or asyncio, the daemon has one that does"
    )
