"""One service."""

from __future__ import annotations

import pytest

from protocols.daemon.dashboard.history import History
from protocols.daemon.dashboard.sampler import Sample
from protocols.daemon.dashboard.service_view import SHOWN, service_view
from protocols.daemon.dashboard.wording import THIN


@pytest.fixture
def view(made):
    def view(service, connections=()):
        history = History()
        for at in range(2):
            history.record(made.status(service), at)
        return service_view("shout", Sample(made.status(service), (), made.now), history, connections)

    return view


def test_there_is_none_of_that_name(made, view):
    assert view(made.service("other")) is None


def test_what_is_shown(made, view):
    latency = made.latency(bounds=(0.001, 0.1), numbers=(90, 9, 1), total=1.0)
    shown = view(made.service(state="draining", counts={"failures": 1, "messages": 5}, latency=latency))
    assert (shown.texts["median"], shown.texts["slowest"]) == (f"≤{THIN}1{THIN}ms", f"≤{THIN}100{THIN}ms")
    assert (shown.kinds, shown.texts["traffic_peak"]) == ({"state": "warn"}, "0")
    assert [(row.kind, row.texts["number"]) for row in shown.tables["counters"]] == [
        ("", "5"),
        ("errors", "1"),
    ]


def test_answers_that_took_longer_than_any_bound(made, view):
    latency = made.latency(bounds=(0.1,), numbers=(0, 1), total=9.0)
    assert view(made.service(latency=latency)).texts["median"] == "longer"


def test_without_latencies(made, view):
    assert view(made.service()).texts["median"] == "\u2013"


def test_connections(made, view):
    young = made.connection("0-2", retiring=True, user="alice", idle=5)
    shown = view(made.service(), [young, made.connection("0-1", opened=made.now - 3600)])
    old, new = shown.tables["connections"]
    assert (old.key, old.texts["open"], old.texts["user"], old.kind) == ("0-1", f"1{THIN}h", "", "")
    assert (new.texts["rules"], new.texts["user"], new.kind) == ("old rules", "alice", "warn")
    assert shown.texts["listed"] == ""


def test_more_than_anybody_reads(made, view):
    shown = view(made.service(), [made.connection(f"0-{n}") for n in range(SHOWN + 1000)])
    assert len(shown.tables["connections"]) == SHOWN
    assert shown.texts["listed"] == "The 200 that have been open longest, of 1,200."


def test_when_it_is_not_known_which_there_are(made, view):
    shown = view(made.service(), None)
    assert (shown.texts["listed"], shown.tables["connections"]) == ("It is not known which there are.", [])
