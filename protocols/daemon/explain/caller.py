"""Who would come, and with what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from protocols.guard.access.hours import DAYS
from protocols.session import Certificate, Credentials

_CLOCK: Final = re.compile(
    rf"(?:(?P<day>{'|'.join(DAYS)})[ ]+)?(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who comes to an address."""

    host: str
    """An IP address, or ``unix``."""
    moment: datetime
    """By the clock of the server."""
    user: str | None = None
    certificate: Certificate | None = None
    credentials: Credentials | None = None
    via: str | None = None
    """The address of a proxy of HTTP that asks for `host`; or ``unix``."""
    method: str = "GET"
    path: str | None = None
    """The target of the HTTP request; ``None``: only the connection is meant."""
    server: str = ""
    """The host that is asked for."""


def moment_at(text: str, now: datetime) -> datetime:
    """The moment that `text` means: ``03:00`` is today, ``sat 03:00`` the next Saturday, or a date and time
    as in ISO 8601.

    Raises :class:`ValueError`.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f'"{text}" is no time such as 03:00, sat 03:00 or 2026-11-28T03:00') from None
        return moment.astimezone(now.tzinfo) if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    moment = now.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0, microsecond=0)
    day = found["day"]
    days = 0 if day is None else (DAYS.index(day.lower()) - now.weekday()) % 7
    return moment + timedelta(days=days)


def certificate_named(names: Iterable[str]) -> Certificate | None:
    """A certificate with the common name, the alternative names and the fingerprint that `names` say, as
    ``CN=dev7``, ``dev7.example.org`` and ``sha256:…``; ``None`` if there is none."""
    subject, fingerprint = "", ""
    alternative: list[str] = []
    for name in names:
        kind, mark, value = re.fullmatch(r"(?i:(cn|sha256)([=:]))?(.*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
        if kind and (kind.lower(), mark) == ("cn", "="):
            subject = value
        elif kind and (kind.lower(), mark) == ("sha256", ":"):
            fingerprint = value.replace(":", "").lower()
        else:
            alternative.append(name)
    if not (subject or fingerprint or alternative):
        return None
    return Certificate(subject, tuple(alternative), fingerprint, datetime.max.replace(tzinfo=UTC))
