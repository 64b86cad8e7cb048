"""The messages of a session that is watched, given to it one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from protocols.session import Peer
from protocols.tap import Tap

ReceivedMany = Callable[[Sequence[bytes], list[bytes]], None]
"""As :meth:`~protocols.session.BatchSession.received_many`."""


class Closing(Protocol):
    """A connection that may be closed between two messages."""

    peer: Peer
    _closing: bool


def tapped(many: ReceivedMany, connection: Closing, tap: Tap) -> ReceivedMany:
    """`many`, called for each message, so that it is known how long each answer took."""

    def one_by_one(messages: Sequence[bytes], replies: list[bytes]) -> None:
        for message in messages:
            if connection._closing:
                return
            answered = len(replies)
            tap.asked(connection.peer)
            many((message,), replies)
            took = tap.took(connection.peer)
            for reply in replies[answered:]:
                tap.passed(connection.peer, "out", reply, took)

    return one_by_one
