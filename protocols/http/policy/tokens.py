"""Bearer tokens, by the SHA-256 of each."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from twisted.internet.interfaces import IReactorTime

from protocols.http.policy.credential_file import CredentialFile, entries

TOKEN_BYTES: Final = 32
"""Random bytes of a new token: nobody guesses that, so a fast hash is enough."""

SHORTEST: Final = 20
"""Characters of a token that somebody else has made: the hash is a fast one."""

PREFIX: Final = "sha256$"

_HASH = re.compile(r"(?:sha256\$)?([0-9a-fA-F]{64})")


def parse_tokens(text: str) -> Mapping[bytes, str]:
    """The name of each token, by its SHA-256, in a text of lines ``name:sha256$hex`` or ``name:hex``.

    Raises :class:`ValueError`, with the line and the name, for another hash, and for a token of two names.
    """
    found: dict[bytes, str] = {}
    for number, name, hashed in entries(text):
        match = _HASH.fullmatch(hashed)
        if match is None:
            raise ValueError(
                f"line {number}: what stands for the token of {name} is not its SHA-256 in hex; "
                f"make one anew: polyport token add FILE {name}"
            )
        digest = bytes.fromhex(match[1])
        if digest in found:
            raise ValueError(f"line {number}: {name} has the same token as {found[digest]}")
        found[digest] = name
    return found


def hash_token(token: str) -> str:
    """What stands in the file for `token`."""
    return PREFIX + sha256(token.encode()).hexdigest()


class Tokens:
    """The tokens of one file.

    Raises :class:`OSError` and :class:`ValueError` for a file that cannot be used.
    """

    def __init__(self, file: Path, clock: IReactorTime) -> None:
        self._key = secrets.token_bytes(32)
        self._file = CredentialFile(file, self._keyed, clock)

    def name_of(self, token: str) -> str | None:
        """Whose token that is; ``None`` if nobody's."""
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        return self._file.content().get(hmac.digest(self._key, digest, "sha256"))

    def _keyed(self, text: str) -> Mapping[bytes, str]:
        # Looked up by what nobody outside can compute, so that the time of a look-up says nothing of how
        # much of a guess was right.
        return {hmac.digest(self._key, digest, "sha256"): name for digest, name in parse_tokens(text).items()}
