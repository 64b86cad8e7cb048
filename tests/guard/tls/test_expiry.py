from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from protocols.guard.tls.expiry import expiry_warning

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30), "the certificate main runs out on 2030-01-31, in 30 days"),
        (timedelta(days=1, hours=5), "the certificate main runs out on 2030-01-02, in 1 day"),
        (timedelta(hours=5), "the certificate main runs out on 2030-01-01, in 0 days"),
        (timedelta(), "the certificate main has run out on 2030-01-01: no client trusts it"),
        (timedelta(days=-1), "the certificate main has run out on 2029-12-31: no client trusts it"),
    ],
)
def test_what_is_said(left, text):
    assert expiry_warning("main", NOON + left, NOON) == text
