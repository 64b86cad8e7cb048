from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from protocols.guard.tls.files import ClientRule
from protocols.guard.tls.table import Host, Table, by_certificate


def host(*names: str, rule: ClientRule | None = None) -> Host:
    credential: Any = SimpleNamespace(names=names)
    context: Any = None
    return Host(credential, rule, context)


MAIN, OTHER, ADMIN, WILD = host("example.org", "*.example.org"), host("b.test", "example.org"), host(), host()
CERTIFIED = by_certificate([MAIN, OTHER])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, MAIN),
        ("example.org", MAIN),
        ("www.example.org", MAIN),
        ("a.b.example.org", MAIN),  # the default: a wildcard is one label
        ("b.test", OTHER),
        ("c.test", MAIN),
        ("admin.example.org", ADMIN),
        ("x.fleet.test", WILD),
        ("a.b.fleet.test", WILD),  # a rule is for all names below
        ("fleet.test", MAIN),
        (".fleet.test", WILD),
        ("*.fleet.test", WILD),
        ("", MAIN),
    ],
)
def test_who_is_found(name, expected):
    table = Table(MAIN, {"admin.example.org": ADMIN, "*.fleet.test": WILD}, CERTIFIED)
    assert table.find(name) is expected


def test_a_wildcard_with_rules_comes_before_an_exact_name_in_a_certificate():
    certified = host("x.fleet.test")
    table = Table(MAIN, {"*.fleet.test": WILD}, by_certificate([MAIN, certified]))
    assert table.find("x.fleet.test") is WILD


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ADMIN.example.org", ADMIN),
        ("admin.example.org.", ADMIN),
        ("admin.example.org:8443", ADMIN),
        ("admin.example.org..:8443", ADMIN),
        ("admin.example.org:", ADMIN),
        ("[::1]:8443", MAIN),
        ("[::1]", MAIN),
        ("", MAIN),
    ],
)
def test_the_host_of_a_request(text, expected):
    assert Table(MAIN, {"admin.example.org": ADMIN}).find_host(text) is expected


def test_whether_names_make_a_difference(tmp_path):
    rule = ClientRule(tmp_path)
    assert Table(MAIN, {}, by_certificate([MAIN])).is_single
    assert not Table(MAIN, {}, CERTIFIED).is_single
    assert not Table(MAIN, {}, CERTIFIED).has_rules_by_name
    assert Table(MAIN, {"a": host(rule=rule)}).has_rules_by_name
    assert not Table(host(rule=rule), {"a": host(rule=rule)}).has_rules_by_name
