"""Names that the YAML takes, made of those that a source has."""

from __future__ import annotations

import re
from collections.abc import Container

from protocols.daemon.spec.tls import NAME_LENGTH


def service_name(text: str, taken: Container[str]) -> str:
    """A name like `text` that is not `taken`: small letters, digits, ``-`` and ``_``, at most 64."""
    plain = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_") or "service"
    if plain.isdecimal():
        plain = f"port-{plain}"
    plain = plain[:NAME_LENGTH].rstrip("-_")
    name, number = plain, 2
    while name in taken:
        tail = f"-{number}"
        name, number = plain[: NAME_LENGTH - len(tail)] + tail, number + 1
    return name
