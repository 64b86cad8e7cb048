"""Rules in order, of which the first that matches decides."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.guard.access import (
    UNKNOWN,
    Access,
    CertificatePattern,
    Facts,
    Hours,
    Rule,
    Selector,
    facts_of,
)
from protocols.session import Certificate, Credentials, Peer

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
DEV7 = Certificate("dev7", ("dev7.example.org", "10.0.0.7"), "ab" * 32, NOON)


def allow(**selector: object) -> Rule:
    return Rule(True, Selector(**selector))  # type: ignore[arg-type]


def deny(**selector: object) -> Rule:
    return Rule(False, Selector(**selector))  # type: ignore[arg-type]


def facts(host: str = "192.0.2.1", **known: object) -> Facts:
    return Facts(host, **{"moment": NOON, **known})  # type: ignore[arg-type]


def test_without_rules_everybody_may_come_in():
    decision = Access([]).decide(facts())
    assert decision.allowed is True
    assert decision.index is None


def test_the_first_rule_that_matches_decides():
    access = Access([deny(networks={"192.0.2.1"}), allow(networks={"192.0.2.1", "192.0.2.2"})])
    assert access.decide(facts("192.0.2.1")).is_refused
    assert access.decide(facts("192.0.2.1")).index == 0
    assert access.decide(facts("192.0.2.2")).index == 1


def test_whom_no_rule_is_about_is_refused_where_some_rule_allows():
    assert Access([allow(networks={"192.0.2.1"})]).decide(facts("192.0.2.9")).is_refused
    assert Access([deny(networks={"192.0.2.1"})]).decide(facts("192.0.2.9")).allowed


def test_everything_that_a_rule_names_must_be_true():
    access = Access([allow(networks={"192.0.2.1"}, users=frozenset({"eve"}))])
    assert access.decide(facts(user="eve")).allowed
    assert access.decide(facts(user="mallory")).is_refused
    assert access.decide(facts("192.0.2.9", user="eve")).is_refused


def test_what_is_not_known_yet_leaves_it_open():
    access = Access([allow(users=frozenset({"eve"}))])
    assert access.decide(facts(user=UNKNOWN)).is_pending
    assert access.decide(facts(user=None)).is_refused


def test_it_is_decided_when_nothing_unknown_could_change_it():
    access = Access([allow(networks={"10.0.0.1"}, users=frozenset({"eve"})), deny(networks={"192.0.2.1"})])
    assert access.decide(facts("192.0.2.1", user=UNKNOWN)).is_refused
    both = Access([deny(users=frozenset({"eve"})), deny()])
    assert both.decide(facts(user=UNKNOWN)).is_refused


def test_any_user_is_one_who_has_proved_to_be_somebody():
    access = Access([allow(users=frozenset({"*"}))])
    assert access.decide(facts(user="whoever")).allowed
    assert access.decide(facts(user=None)).is_refused


def test_processes_are_known_by_their_user_and_group():
    access = Access([allow(uids=frozenset({0})), allow(gids=frozenset({4}))])
    assert access.decide(facts("unix", credentials=Credentials(0, 100, 1))).allowed
    assert access.decide(facts("unix", credentials=Credentials(7, 4, 1))).index == 1
    assert access.decide(facts("unix", credentials=Credentials(7, 7, 1))).is_refused
    assert access.decide(facts()).is_refused


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("CN=dev7", True),
        ("cn=DEV7", True),
        ("CN=dev*", True),
        ("CN=dev7.example.org", False),
        ("dev7.example.org", True),
        ("*.example.org", True),
        ("*.org", False),
        ("dev7", True),
        ("10.0.0.7", True),
        ("sha256:" + "AB" * 32, True),
        ("sha256:" + "AB:" * 31 + "ab", True),
        ("sha256:" + "00" * 32, False),
    ],
)
def test_certificates_are_known_by_their_names_and_fingerprints(pattern, fits):
    assert CertificatePattern.parse(pattern).matches(DEV7) is fits
    access = Access([allow(certificates=[CertificatePattern.parse(pattern)])])
    assert access.decide(facts(certificate=DEV7)).allowed is fits
    assert access.decide(facts(certificate=None)).is_refused
    assert access.decide(facts(certificate=UNKNOWN)).is_pending


@pytest.mark.parametrize("text", ["", "CN=", "sha256:abc", " "])
def test_a_pattern_that_names_no_certificate(text):
    with pytest.raises(ValueError, match=r"certificate|fingerprint"):
        CertificatePattern.parse(text)


@pytest.mark.parametrize(
    ("text", "moment", "covered"),
    [
        ("08:00-18:00", "2026-11-23 08:00", True),
        ("08:00-18:00", "2026-11-23 17:59", True),
        ("08:00-18:00", "2026-11-23 18:00", False),
        ("00:00-24:00", "2026-11-23 23:59", True),
        ("22:00-06:00", "2026-11-23 23:00", True),
        ("22:00-06:00", "2026-11-23 05:59", True),
        ("22:00-06:00", "2026-11-23 06:00", False),
        ("mon-fri 08:00-18:00", "2026-11-22 12:00", False),
        ("sat-mon 08:00-18:00", "2026-11-23 12:00", True),
        ("FRI 22:00-06:00", "2026-11-28 05:00", True),
        ("fri 22:00-06:00", "2026-11-27 05:00", False),
    ],
)
def test_hours(text, moment, covered):
    assert Hours.parse(text).covers(datetime.fromisoformat(moment)) is covered


@pytest.mark.parametrize("text", ["8-18", "25:00-26:00", "08:00-08:00", "someday 08:00-09:00", "08:00"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="no time"):
        Hours.parse(text)


@given(
    begin=st.integers(0, 1439), end=st.integers(0, 1439), day=st.integers(0, 6), minute=st.integers(0, 1439)
)
def test_hours_and_the_rest_of_the_day_share_no_minute(begin, end, day, minute):
    if begin == end:
        return
    moment = datetime(2026, 11, 23 + day, minute // 60, minute % 60, tzinfo=UTC)
    assert Hours(begin, end).covers(moment) is not Hours(end, begin).covers(moment)
    assert Hours.parse(str(Hours(begin, end))) == Hours(begin, end)


def test_a_peer_of_a_unix_socket_is_in_the_network_unix():
    peer = Peer("unix", "/run/x", credentials=Credentials(1, 2, 3))
    known = facts_of(peer, NOON, final=True)
    assert known.host == "unix"
    assert known.credentials == Credentials(1, 2, 3)
    assert known.user is None
    assert facts_of(peer, NOON, final=False).user is UNKNOWN


def test_a_user_may_turn_out_to_be_another_as_long_as_more_may_be_known():
    peer = Peer("unix", user="www-data", certificate=DEV7)
    assert facts_of(peer, NOON, final=True).user == "www-data"
    early = facts_of(peer, NOON, final=False)
    assert (early.user, early.certificate) == (UNKNOWN, DEV7)


rules = st.builds(
    Rule,
    st.booleans(),
    st.builds(
        Selector,
        networks=st.none() | st.frozensets(st.sampled_from(["a", "b"])),
        users=st.none() | st.frozensets(st.sampled_from(["u", "v"])),
    ),
)


@given(st.lists(rules, max_size=5), st.sampled_from(["a", "b", "c"]), st.sampled_from(["u", "v", "w", None]))
def test_what_is_decided_early_is_what_would_be_decided_late(given_rules, host, user):
    access = Access(given_rules)
    early = access.decide(facts(host, user=UNKNOWN))
    late = access.decide(facts(host, user=user))
    assert early.is_pending or early.allowed == late.allowed
