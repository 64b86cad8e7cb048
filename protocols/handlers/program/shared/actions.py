"""What a shared program wants done, and the words that it is told of its clients in, whatever their form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from protocols.session import Peer

LINE: Final = 16 * 1024 * 1024
"""Bytes of the longest thing a program may say: what a client may send at most, base64 and escapes included,
several times over.  One that says more has forgotten where its words end."""

SHOWN: Final = 120
"""Bytes of what made no sense that are logged: enough to find it in the program."""

Ids: TypeAlias = Sequence[int]


class Send(NamedTuple):
    """A message for clients."""

    to: Ids | None
    """Whom it is for; ``None``: everybody."""
    message: bytes
    text: bool
    """Whether a carrier that knows texts sends it as one."""
    but: Ids = ()
    """Who does not get it all the same."""


class Close(NamedTuple):
    """Clients are to be closed."""

    to: Ids | None
    reason: str = ""
    but: Ids = ()


Action: TypeAlias = Send | Close


class NonsenseError(Exception):
    """What a program said is none of what it may say.

    :param actions: what it said before, whole.
    """

    def __init__(self, reason: str, said: bytes = b"", actions: Sequence[Action] = ()) -> None:
        text = said[:SHOWN].decode("utf-8", "backslashreplace")
        super().__init__(f"{reason}: {text!r}" if said else reason)
        self.actions = actions


class Reader(Protocol):
    """What one process says."""

    def feed(self, data: bytes) -> list[Action]:
        """What `data` completes.  Raises :class:`NonsenseError`; nothing behind that can be read."""


class Wire(Protocol):
    """One form of the protocol between the daemon and a shared program.

    What each method returns is written to the program as it is.
    """

    def reader(self) -> Reader:
        """For one process."""

    def opened(self, client: int, peer: Peer) -> bytes:
        """A client has come."""

    def said(self, client: int, messages: Sequence[bytes], text: bool | None) -> bytes:
        """It has sent `messages`.

        :param text: whether they are text, which is UTF-8 then; ``None``: those that are UTF-8 are.
        """

    def ended(self, client: int) -> bytes:
        """It sends no more, and may still read."""

    def closed(self, client: int, reason: str) -> bytes:
        """It has gone."""

    def slow(self, client: int) -> bytes:
        """It does not read what is sent to it."""

    def ready(self, client: int) -> bytes:
        """It does again."""


def described(peer: Peer) -> dict[str, str | int]:
    """What a program is told of `peer`; what is not known is left out."""
    told: dict[str, str | int] = {"transport": peer.transport}
    if peer.host:
        told["host"] = peer.host
    if peer.port:
        told["port"] = peer.port
    if peer.user is not None:
        told["user"] = peer.user
    if peer.certificate is not None:
        told["certificate"] = peer.certificate.subject
    return told
