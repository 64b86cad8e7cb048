"""Certificates that are about to run out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

SOON = timedelta(days=30)
"""Before this is left, whatever renews certificates should have done so: at a third of ninety days."""


def expiry_warnings(expiries: Mapping[str, datetime], moment: datetime) -> Iterator[str]:
    """What to say of each certificate, by its name, that runs out soon or has."""
    for label, until in expiries.items():
        left = until - moment
        if left <= timedelta():
            yield f"the certificate {label} has run out on {until:%Y-%m-%d}: no client trusts it"
        elif left <= SOON:
            days = "1 day" if left.days == 1 else f"{left.days} days"
            yield f"the certificate {label} runs out on {until:%Y-%m-%d}, in {days}"
