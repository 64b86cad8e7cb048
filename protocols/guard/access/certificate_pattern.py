"""Which client certificates a rule means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from protocols.session import Certificate

FINGERPRINT: Final = "sha256:"
COMMON_NAME: Final = "cn="

_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CertificatePattern:
    """A common name, an alternative name, or the fingerprint of a certificate.

    A star stands for any characters but a dot and an at sign, so ``*.example.org`` is no name two levels
    below.
    """

    text: str
    """As it was written."""
    kind: str
    """``subject``, ``name`` (either of both) or ``fingerprint``."""
    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``CN=dev7``, ``dev7.example.org``, ``*.example.org`` or ``sha256:`` and 64 hex digits.

        Raises :class:`ValueError`.
        """
        lowered = text.lower()
        if lowered.startswith(FINGERPRINT):
            digits = lowered.removeprefix(FINGERPRINT).replace(":", "")
            if not _HEX.fullmatch(digits):
                raise ValueError(f"{text!r}: a SHA-256 fingerprint has 64 hexadecimal digits")
            return cls(text, "fingerprint", digits)
        kind = "subject" if lowered.startswith(COMMON_NAME) else "name"
        value = lowered.removeprefix(COMMON_NAME) if kind == "subject" else lowered
        if not value.strip():
            raise ValueError(f"{text!r} names no certificate")
        return cls(text, kind, value)

    def matches(self, certificate: Certificate) -> bool:
        """Whether `certificate` is one of those meant."""
        if self.kind == "fingerprint":
            return certificate.fingerprint == self.value
        if _like(self.value, certificate.subject):
            return True
        return self.kind == "name" and any(_like(self.value, name) for name in certificate.names)

    def covers(self, other: CertificatePattern) -> bool:
        """Whether all certificates that `other` means are meant here, as far as the words show."""
        if self.kind != other.kind and not (self.kind == "name" and other.kind == "subject"):
            return False
        return self.value == other.value or ("*" not in other.value and _like(self.value, other.value))

    def __str__(self) -> str:
        return self.text


def _like(pattern: str, name: str) -> bool:
    if "*" not in pattern:
        return pattern == name.lower()
    expression = "[^.@]*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, name.lower()) is not None
