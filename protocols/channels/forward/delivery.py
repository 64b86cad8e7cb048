"""What passes single messages on."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from protocols.channels.forward.outcome import Outcome
from protocols.channels.forward.settings import ForwardSettings
from protocols.channels.message import Message
from protocols.channels.message_json import as_json


class Delivery(Protocol):
    """The way to one target."""

    @property
    def at_a_time(self) -> int:
        """How many messages may be on their way at a time."""

    @property
    def keeps_order(self) -> bool:
        """Whether the target gets them in their order."""

    def send(self, message: Message) -> Deferred[Outcome]:
        """Pass `message` on, in the order of these calls as far as the target can tell; fails only if
        something is wrong with us."""

    def connect(self) -> Deferred[None]:
        """Find out whether the target can be reached.

        Fails with :class:`UnreachableError`.
        """

    def abort(self) -> None:
        """What is on its way ends now, without an outcome that is any good."""

    def close(self) -> Deferred[None]:
        """Let go of the target, in good order as far as it takes part in that; nothing is on its way."""


class UnreachableError(Exception):
    """There is no connection; the text says why, in a line for operators."""


def body_of(message: Message, settings: ForwardSettings) -> bytes:
    """What is sent of `message`."""
    return as_json(message) if settings.format == "json" else message.body
