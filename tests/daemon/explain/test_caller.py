from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from protocols.daemon.explain.caller import certificate_named, moment_at
from protocols.guard.access import CertificatePattern

NOW = datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03:00", NOW.replace(hour=3, minute=0, second=0)),
        ("wed 23:59", NOW.replace(hour=23, minute=59, second=0)),
        ("SAT 03:00", NOW.replace(day=28, hour=3, minute=0, second=0)),
        ("tue  03:00", NOW.replace(month=12, day=1, hour=3, minute=0, second=0)),
        ("2026-11-28T03:00", NOW.replace(day=28, hour=3, minute=0, second=0)),
        ("2026-11-28T03:00+02:00", NOW.replace(day=28, hour=1, minute=0, second=0)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert moment_at(text, NOW) == expected


def test_a_moment_is_by_the_clock_of_the_server() -> None:
    here = timezone(timedelta(hours=2))
    assert moment_at("03:00", NOW.astimezone(here)).hour == 3
    assert moment_at("2026-11-28T03:00", NOW.astimezone(here)).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("text", ["", "3:00", "24:00", "noon", "sat", "sat 25:00"])
def test_no_moments(text: str) -> None:
    with pytest.raises(ValueError, match="is no time such as 03:00, sat 03:00 or"):
        moment_at(text, NOW)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("CN=dev7", "cn=dev*"),
        ("cn=a=b", "CN=a=b"),
        ("dev7.example.org", "*.example.org"),
        ("sha256:" + "AB:" * 31 + "AB", "sha256:" + "ab" * 32),
    ],
)
def test_certificates(name: str, pattern: str) -> None:
    certificate = certificate_named([name])
    assert certificate is not None
    assert CertificatePattern.parse(pattern).matches(certificate)


def test_names_go_together() -> None:
    certificate = certificate_named(["CN=dev7", "a.example", "b.example"])
    assert certificate is not None
    assert (certificate.subject, certificate.names) == ("dev7", ("a.example", "b.example"))
    assert certificate_named([]) is None
