"""Metrics that everybody can read."""

from __future__ import annotations

import pytest

from protocols.daemon.checks.exposure import is_reached
from protocols.daemon.loader import load
from protocols.daemon.spec.address import Address

SITE = "services: {{site: {{listen: [{listen}], {more}http: {{/metrics: {{metrics: true{route}}}}}}}}}"


@pytest.fixture
def warned(written):
    def warned(yaml):
        return [(one.path, one.message) for one in load(written(yaml)).warnings]

    return warned


@pytest.mark.parametrize(
    ("listen", "more", "route", "is_open"),
    [
        ("tcp://:0", "", "", True),
        ("tcp://127.0.0.1:0, tcp://192.0.2.1:0", "", "", True),
        ("tcp://127.0.0.1:0, 'unix:a.sock'", "", "", False),
        ("tcp://:0", "access: {allow: 10.0.0.0/8}, ", "", False),
        ("tcp://:0", "", ", access: {allow: 10.0.0.0/8}", False),
        ("tcp://:0", "", ", auth: {bearer: tokens.txt}", False),
        ("tcp://:0", "enabled: false, ", "", False),
    ],
)
def test_a_route(warned, tmp_path, listen, more, route, is_open):
    tokens = tmp_path / "tokens.txt"
    tokens.touch(0o600)
    found = warned(SITE.format(listen=listen, more=more, route=route))
    paths = [path for path, message in found if "may read how the daemon is" in message]
    assert paths == ["services.site.http./metrics.metrics"] * is_open


def test_rules_that_a_service_inherits_count(warned):
    yaml = SITE.format(listen="tcp://:0", more="", route="")
    assert warned(f"defaults: {{access: {{allow: 10.0.0.0/8}}}}\n{yaml}") == []


@pytest.mark.parametrize(
    ("address", "is_open"), [("tcp://:9117", True), ("tcp://127.0.0.1:9117", False), ("unix:a.sock", False)]
)
def test_the_address_of_the_daemon(warned, address, is_open):
    services = "services: {one: {listen: 'tcp://127.0.0.1:0', builtin: echo}}"
    found = warned(f"server: {{metrics: '{address}'}}\n{services}")
    assert [path for path, _ in found] == ["server.metrics"] * is_open


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("tcp://:1", True),
        ("tcp://0.0.0.0:1", True),
        ("tls://example.org:1", True),
        ("tcp://[2001:db8::1]:1", True),
        ("tcp://127.9.9.9:1", False),
        ("tcp://[::1]:1", False),
        ("tcp://[::ffff:127.0.0.1]:1", False),
        ("tcp://localhost:1", False),
        ("unix:@name", False),
        ("fd://web", False),
    ],
)
def test_what_other_machines_reach(address, reached):
    assert is_reached(Address.parse(address)) == reached
