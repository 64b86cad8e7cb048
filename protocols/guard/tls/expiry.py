"""Certificates that are about to run out."""

from __future__ import annotations

from datetime import datetime, timedelta

SOON = timedelta(days=30)
"""Before this is left, whatever renews certificates should have done so: at a third of ninety days."""


def expiry_warning(label: str, until: datetime, moment: datetime) -> str | None:
    """What to say of a certificate that runs out soon, or has."""
    left = until - moment
    if left <= timedelta():
        return f"the certificate {label} has run out on {until:%Y-%m-%d}: no client trusts it"
    if left <= SOON:
        days = "1 day" if left.days == 1 else f"{left.days} days"
        return f"the certificate {label} runs out on {until:%Y-%m-%d}, in {days}"
    return None
