"""Carrying out one ``send``: connects, runs the exchange, and gives the exit status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from protocols.client import TLS, ClientError, Place, Retry, connect_async
from protocols.daemon.command.client_words import words_of
from protocols.daemon.command.coroutine import run_coroutine
from protocols.daemon.command.exchange import FAILED, Exchange, Terms
from protocols.daemon.command.message_source import MessageSource
from protocols.framing import Framing


def send(
    place: Place,
    framing: Framing | None,
    tls: TLS | None,
    retry: Retry | None,
    source: Callable[[asyncio.AbstractEventLoop], MessageSource],
    terms: Terms,
) -> int:
    """Run one exchange over whatever carries messages to `place`, and return the exit status."""
    connecting = connect_async(
        place, framing=framing, codec="bytes", timeout=terms.timeout or None, tls=tls, retry=retry
    )

    async def start() -> int:
        try:
            client = await connecting
        except ClientError as error:
            terms.complain(words_of(error))
            return FAILED
        return await Exchange(client, source(asyncio.get_running_loop()), terms).run()

    return run_coroutine(start)
