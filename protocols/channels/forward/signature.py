"""How a receiver can tell who sent a message: Standard Webhooks, https://www.standardwebhooks.com."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
"""What a secret may begin with; the rest is base64 with it and without it, as the reference libraries have
it, for receivers copy secrets either way."""


class Signer:
    """Signs with each of `secrets`: while one is replaced by another, a receiver may know either.

    Raises :class:`ValueError` for a secret that is none, without showing it.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = tuple(map(_key, secrets))

    def __bool__(self) -> bool:
        """Whether there is anything to sign with."""
        return bool(self._keys)

    def sign(self, name: str, timestamp: int, body: bytes) -> str:
        """The value of ``webhook-signature``: for each secret ``v1,`` and the HMAC-SHA-256 in base64 of the
        id, the time in seconds since the epoch, and the body, with full stops between."""
        content = b"%b.%d.%b" % (name.encode(), timestamp, body)
        return " ".join(f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}" for key in self._keys)


def _key(secret: str) -> bytes:
    text = secret.removeprefix(PREFIX).rstrip("=")
    if not text:
        raise ValueError("a secret must not be empty")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise ValueError(f"a secret is base64, with {PREFIX} before it or without; this one is not") from None
