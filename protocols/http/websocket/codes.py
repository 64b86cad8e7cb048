"""Close codes (RFC 6455, section 7.4)."""

from __future__ import annotations

from typing import Final

from websockets.exceptions import ProtocolError
from websockets.frames import Close

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED: Final = 1003
NO_CODE: Final = 1005
"""The peer's Close held no code; never sent."""
ABNORMAL: Final = 1006
"""The connection went away without a Close; never sent."""
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011
SERVICE_RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013
"""Of the registry of close codes (IANA), as that before it; RFC 6455 does not have them."""

REASON: Final = 123
"""Bytes of the longest reason: a control frame holds 125, and the code takes two."""


def close_for(code: int, reason: str = "") -> Close:
    """What a Close frame says.

    Raises :class:`ValueError` for a code that may not be sent, and for a reason that is too long.
    """
    if len(reason.encode()) > REASON:
        raise ValueError(f"the reason of a Close has {REASON} bytes at most")
    close = Close(code, reason)
    try:
        close.check()
    except ProtocolError:
        raise ValueError(f"{code} is not a close code that may be sent") from None
    return close


def payload_of(close: Close) -> bytes:
    """What the frame of `close` holds."""
    return b"" if close.code == NO_CODE else close.serialize()
