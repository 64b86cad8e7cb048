"""Carrying out one ``listen --reconnect``: reads what a server says, over one connection after the other."""

from __future__ import annotations

from collections.abc import Callable

from protocols.client import TLS, AsyncClient, ClientError, ConnectionLostError, Retry, connect_async
from protocols.daemon.command.announcer import Answer
from protocols.daemon.command.client_place import place_of
from protocols.daemon.command.client_words import words_of
from protocols.daemon.command.coroutine import run_coroutine
from protocols.daemon.command.standard_output import OutputClosedError, complain
from protocols.daemon.spec.address import Address
from protocols.framing import Framing
from protocols.session import Peer

FAILED = 1
"""Exit status when nothing came in time, or the server is not believed."""

FOR_EVER = Retry(attempts=None)


def follow(
    address: Address,
    framing: Framing | None,
    tls: TLS | None,
    answer: Answer,
    show: Callable[[Peer, bytes], None],
    count: int | None,
    timeout: float,
) -> int:
    """Show what the server at `address` says, until `count` messages have come, and return the exit status.

    :param timeout: seconds without a message after which it gives up; 0 for never.
    """
    place = place_of(address)
    connecting = connect_async(place, framing=framing, codec="bytes", tls=tls, reconnect=FOR_EVER)
    following = _Following(Peer(place.scheme, place.host or place.path, place.port), answer, show, count)

    async def start() -> int:
        try:
            async with connecting as client:
                while following.left != 0:
                    try:
                        await following.read(client, timeout or None)
                    except ConnectionLostError as error:
                        complain(str(error))
        except OutputClosedError:
            pass
        except ClientError as error:
            complain(words_of(error))
            return FAILED
        return 0

    return run_coroutine(start)


class _Following:
    def __init__(
        self, peer: Peer, answer: Answer, show: Callable[[Peer, bytes], None], count: int | None
    ) -> None:
        self.left = count
        self._peer = peer
        self._answer = answer
        self._show = show

    async def read(self, client: AsyncClient, within: float | None) -> None:
        """Show and answer messages, until there were enough."""
        async for message in client.messages(bytes, timeout=within):
            try:
                self._show(self._peer, message)
            except ValueError as error:
                complain(f"{self._peer}: a message is {error}")
            reply = message if self._answer.echo else self._answer.reply
            if reply is not None:
                await client.send(reply)
            if self.left is not None:
                self.left -= 1
                if self.left == 0:
                    return
