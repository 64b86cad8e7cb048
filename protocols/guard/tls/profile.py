"""What a server agrees to in a handshake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from OpenSSL import SSL


@dataclass(frozen=True, slots=True)
class Profile:
    """Versions, ciphers and key exchange."""

    minimum: int
    """The oldest version, as OpenSSL numbers them."""
    ciphers: bytes
    """For TLS 1.2, by OpenSSL's names."""
    suites: bytes = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    """For TLS 1.3."""
    groups: bytes = b"?X25519MLKEM768:X25519:prime256v1:secp384r1"
    """For the exchange of keys (RFC 8446, section 4.2.7), the preferred first; behind a question mark one
    that OpenSSL before 3.5 does not know."""


_AUTHENTICATED: Final = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    b"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    b"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)

PROFILES: Final[Mapping[str, Profile]] = {
    "intermediate": Profile(SSL.TLS1_2_VERSION, _AUTHENTICATED),
    "modern": Profile(SSL.TLS1_3_VERSION, _AUTHENTICATED),
}
"""Mozilla's recommendations (Server Side TLS, version 6.0): ephemeral key exchange and authenticated
encryption only.  Of those a client gets the first here, or ChaCha20 if it prefers that: Mozilla leaves the
choice to clients, who know what their hardware has, and that is all that they choose it by."""

INTERMEDIATE: Final = PROFILES["intermediate"]
