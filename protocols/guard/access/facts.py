"""What is known of a peer when its access is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Literal

from protocols.session import Certificate, Credentials, Peer


class Unknown(Enum):
    """Stands for what may still turn up, where ``None`` says that there is none."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

UNIX_TRANSPORTS: Final = frozenset({"unix", "unixgram"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Who asks, and when."""

    host: str
    """An IP address; ``unix`` for the peer of a Unix socket."""
    moment: datetime
    """The local time of the server."""
    user: str | Literal[Unknown.UNKNOWN] | None = None
    certificate: Certificate | Literal[Unknown.UNKNOWN] | None = None
    credentials: Credentials | None = None


def facts_of(peer: Peer, moment: datetime, *, final: bool) -> Facts:
    """What `peer` says of itself.

    :param final: whether no more will be known of it.  Otherwise a certificate that is missing may still turn
        up, and the user is unknown: whose account or certificate says one name may log in by another.
    """
    return Facts(
        "unix" if peer.transport in UNIX_TRANSPORTS else peer.host,
        moment,
        peer.user if final else UNKNOWN,
        peer.certificate if final or peer.certificate is not None else UNKNOWN,
        peer.credentials,
    )
