"""Attributes of a service on top of ``defaults``."""

from __future__ import annotations

import pytest

from protocols.daemon.importers.place import Fault
from protocols.daemon.importers.xinetd.parser import Entry, parse
from protocols.daemon.importers.xinetd.settings import Settings


def settings(service: str, defaults: str | None = None) -> tuple[Settings, list[Fault]]:
    faults: list[Fault] = []
    base = None if defaults is None else Settings(entry("defaults", defaults), None, faults)
    return Settings(entry("service a", service), base, faults), faults


def entry(head: str, body: str) -> Entry:
    (found,) = parse(f"{head}\n{{\n{body}\n}}\n", "file")
    assert isinstance(found, Entry)
    return found


@pytest.mark.parametrize(
    ("defaults", "service", "values"),
    [
        ("only_from = a", "", ["a"]),
        ("only_from = a\nonly_from = b", "", ["a", "b"]),
        ("only_from = a", "only_from = b", ["b"]),
        ("only_from = a", "only_from += b", ["a", "b"]),
        ("only_from = a b", "only_from -= b", ["a"]),
        ("only_from = a", "only_from =", []),
        ("", "only_from = a\nonly_from += b a\nonly_from -= a", ["b"]),
        ("", "only_from = a\nonly_from = b", ["b"]),
    ],
)
def test_sets(defaults, service, values):
    found, faults = settings(service, defaults)
    assert not faults
    setting = found.get("only_from")
    assert setting is not None
    assert setting.values == values


def test_each_value_has_its_place():
    found, _ = settings("only_from = a\n\nonly_from += b")
    setting = found.get("only_from")
    assert setting is not None
    assert [setting.place_of(value).line for value in setting.values] == [3, 5]


def test_a_service_overrides_defaults():
    found, _ = settings("instances = UNLIMITED", "instances = 10\nper_source = 5\nlog_type = FILE /a 1 2")
    assert (found.text("instances"), found.text("per_source")) == ("UNLIMITED", "5")
    assert found.text("log_type") == "FILE /a 1 2"


def test_only_some_attributes_are_inherited():
    found, _ = settings("", "disabled = a b\nuser = root")
    assert found.get("disabled") is None
    assert found.get("user") is None


def test_interface_is_bind():
    assert settings("interface = 127.0.0.1")[0].text("bind") == "127.0.0.1"


def test_the_first_of_a_single_attribute_counts():
    found, faults = settings("wait = no\nwait = yes")
    assert not faults
    assert found.text("wait") == "no"
    assert [each.place.line for each in found.repeated] == [4]


@pytest.mark.parametrize("line", ["wait += no", "port -= 5", "env -= A=b"])
def test_operators_that_do_not_fit(line):
    assert len(settings(line)[1]) == 1
