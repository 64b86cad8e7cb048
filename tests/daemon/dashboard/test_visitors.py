"""Who may see the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from protocols.daemon.dashboard.visitors import ELSEWHERE, OTHER_NAME, PROXIED, Visitors
from protocols.guard.access import Access, CertificatePattern, Rule, Selector
from protocols.http import Headers, HTTPError, Request
from protocols.networks import EVERYBODY
from protocols.session import Certificate, Credentials, Peer

NEAR = Peer("http", "127.0.0.1", 4321)
FAR = Peer("https", "192.0.2.7", 4321)
UNIX = Peer("http", "", user="alice", credentials=Credentials(1000, 1000, 7))
CERTIFIED = replace(FAR, certificate=Certificate("ops1", (), "", datetime(2100, 1, 1, tzinfo=UTC)))
OPS = Rule(True, Selector(certificates=(CertificatePattern.parse("CN=ops*"),)))
EVERY = Rule(True, Selector(networks=EVERYBODY))


def refusal(visitors: Visitors, peer: Peer, host: str = "localhost:8080", **headers: str) -> str | None:
    """Why `peer` may not see the page; ``None`` if it may."""
    fields = Headers([(name.replace("_", "-"), value) for name, value in headers.items()])
    try:
        visitors.check(Request("GET", "/", headers=fields, peer=peer, host=host))
    except HTTPError as error:
        return error.detail if error.status == 403 else str(error)
    return None


@pytest.mark.parametrize("peer", [NEAR, Peer("http", "127.8.9.1"), Peer("http", "::1", 1), UNIX])
def test_those_of_this_machine_may(peer):
    assert refusal(Visitors(), peer) is None


@pytest.mark.parametrize(
    "peer", [FAR, CERTIFIED, Peer("http", "10.0.0.1"), Peer("http", "2001:db8::1"), Peer("http")]
)
def test_others_are_told_what_the_operator_can_do(peer):
    assert refusal(Visitors(), peer) == ELSEWHERE
    assert "auth: {basic: users.htpasswd}" in ELSEWHERE


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.:80", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080"]
)
def test_names_of_this_machine(host):
    assert refusal(Visitors(), NEAR, host) is None


@pytest.mark.parametrize(
    "host",
    ["", "evil.test", "evil.test:8080", "localhost.evil.test", "127.0.0.1.evil.test", "10.0.0.1", "[::2]"],
)
@pytest.mark.parametrize("peer", [NEAR, UNIX])
def test_a_name_that_somebody_else_has_made_lead_here(host, peer):
    assert refusal(Visitors(), peer, host) == OTHER_NAME


@pytest.mark.parametrize(
    "field", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
@pytest.mark.parametrize("peer", [NEAR, FAR, UNIX])
def test_nothing_that_was_passed_on_is_from_here(field, peer):
    assert refusal(Visitors(), peer, **{field.replace("-", "_"): "127.0.0.1"}) == PROXIED


def test_behind_balancers_nobody_is_from_here():
    assert refusal(Visitors(balanced=True), NEAR) == ELSEWHERE


@pytest.mark.parametrize("peer", [NEAR, FAR, UNIX])
def test_behind_a_login_everybody_may_who_comes_here(peer):
    assert refusal(Visitors(login=True, balanced=True), peer, "any.test", Via="1.1 proxy") is None


def test_where_everybody_has_to_show_a_certificate():
    visitors = Visitors(certified=True)
    assert refusal(visitors, CERTIFIED, "any.test") is None
    assert refusal(visitors, FAR) == ELSEWHERE  # by an address without TLS
    assert refusal(visitors, NEAR) is None


def test_rules_about_certificates():
    visitors = Visitors(accesses=[Access([OPS])])
    assert refusal(visitors, CERTIFIED, "any.test") is None
    assert refusal(visitors, FAR) == ELSEWHERE


@pytest.mark.parametrize(
    "rules",
    [
        [EVERY],
        [EVERY, OPS],
        [Rule(False, Selector(certificates=(CertificatePattern.parse("CN=dev*"),)))],
        [Rule(False, OPS.selector), EVERY],
    ],
)
def test_rules_that_let_in_those_who_have_proved_nothing_are_no_login(rules):
    assert refusal(Visitors(accesses=[Access(rules)]), CERTIFIED) == ELSEWHERE


def test_rules_about_users():
    users = Access([Rule(True, Selector(users=frozenset({"alice"})))])
    assert refusal(Visitors(accesses=[Access([EVERY]), users]), UNIX, "any.test") is None
    assert refusal(Visitors(accesses=[users]), replace(UNIX, user="bob"), "any.test") == OTHER_NAME
