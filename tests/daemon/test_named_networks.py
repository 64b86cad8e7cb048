from __future__ import annotations

import pytest

from protocols.daemon.loader import load
from protocols.daemon.named_networks import NamedNetworks

NAMES = NamedNetworks({"office": ["10.0.0.0/8", "home"], "home": ["192.0.2.7", "unix"]})


def test_names_are_resolved_within_each_other() -> None:
    office = NAMES.resolve(["office"])
    assert all(host in office for host in ("10.1.2.3", "192.0.2.7", "/a.sock"))
    assert "192.0.2.8" not in office


def test_names_and_networks_go_together() -> None:
    both = NAMES.resolve(["home", "fd00::/8"])
    assert ["10.1.2.3" in both, "fd00::1" in both, "" in both] == [False, True, True]


def test_an_unknown_name() -> None:
    with pytest.raises(KeyError):
        NAMES.resolve(["nowhere"])


def test_no_cycle_without_one() -> None:
    twice = {"a": ["c"], "b": ["a", "c"], "c": ["::1"]}
    assert list(NamedNetworks(twice).cycles()) == []


@pytest.mark.parametrize(
    ("entries", "cycles"),
    [
        ({"a": ["a"]}, [("a", "a")]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, [("b", "c", "b")]),
        ({"a": ["b", "a"], "b": ["a"]}, [("a", "b", "a"), ("a", "a")]),
        ({"a": ["gone"]}, []),
    ],
)
def test_cycles(entries, cycles) -> None:
    assert list(NamedNetworks(entries).cycles()) == cycles


def test_names_of_an_included_file(written, tmp_path) -> None:
    (tmp_path / "more.yaml").write_text("networks: {office: 10.0.0.0/8}\n")
    yaml = "include: more.yaml\nserver: {trusted: office}\nservices: {a: {listen: tcp://:0, builtin: echo}}\n"
    loaded = load(written(yaml))
    assert loaded.config.server.trusted is not None
    assert "10.0.0.1" in loaded.networks.resolve(loaded.config.server.trusted.proxies)
