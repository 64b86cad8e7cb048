"""Everything at a glance."""

from __future__ import annotations

import pytest

from protocols.daemon.dashboard.history import History
from protocols.daemon.dashboard.overview_view import NEAR, attention, overview
from protocols.daemon.dashboard.sampler import Sample
from protocols.daemon.dashboard.wording import THIN

DAY = 86400


@pytest.fixture
def view(made):
    def view(status, *penalties):
        return overview(Sample(status, penalties, made.now), History())

    return view


def test_what_is_not_known_yet(made, view):
    shown = view(made.status(made.service()))
    assert (shown.texts["traffic"], shown.texts["cpu"]) == ("\u2013", "\u2013")
    assert (shown.texts["services_count"], shown.texts["open"]) == ("1 service", "0")
    assert (shown.texts["reload"], shown.texts["reload_when"], shown.kinds["reload"]) == (
        "None so far",
        "",
        "",
    )
    assert shown.tables["services"][0].texts["waiting"] == ""
    assert not any(shown.tables[name] for name in ("attention", "problems", "certificates", "penalties"))


def test_after_two_samples(made):
    history = History()
    for at, n in enumerate((0, 12)):
        status = made.status(
            made.service(
                open=3, pending=2, retiring=1, counts={"messages": n, "failures": n // 6, "denied": 7}
            ),
            workers=(made.worker(cpu=at * 0.5, memory=2**20), made.worker(1, cpu=at * 0.25, memory=2**20)),
        )
        history.record(status, at)
    shown = overview(Sample(status, (), made.now), history)
    (row,) = shown.tables["services"]
    assert (row.texts["traffic"], row.texts["errors"], row.texts["refusals"]) == ("12", "2.0", "7")
    assert (row.texts["open"], row.texts["waiting"], row.texts["retiring"]) == (
        "3",
        "2 pending",
        "1 on old rules",
    )
    assert row.rates == {"traffic": (12,), "errors": (2,)}
    assert (shown.texts["cpu"], shown.texts["memory"]) == (f"75{THIN}%", f"2.00{THIN}MiB")
    assert shown.rates == {"traffic": (12,), "errors": (2,), "refusals": (0,)}


def test_a_reload_that_was_refused(made, view):
    last = made.outcome(done=False, text="2 problems", problems=("a", "b"))
    shown = view(made.status(reloads=made.reloads(done=1, refused=1, last=last, at=made.now - 60)))
    assert (shown.texts["reload"], shown.kinds["reload"]) == ("2 problems", "bad")
    assert shown.texts["reload_when"].startswith(f"1{THIN}min ago, at ")
    assert [row.texts["problem"] for row in shown.tables["problems"]] == ["a", "b"]
    assert [(row.kind, row.texts["text"]) for row in shown.tables["attention"]] == [
        ("bad", "The last reload was refused: 2 problems")
    ]


def test_a_reload_that_was_done(made, view):
    last = made.outcome(done=True, text="3 kept")
    shown = view(made.status(reloads=made.reloads(done=1, last=last, at=made.now)))
    assert (shown.kinds["reload"], shown.tables["attention"]) == ("good", [])


@pytest.mark.parametrize(
    ("left", "kind", "words"),
    [(NEAR + 1, "", "expires in"), (NEAR - 1, "warn", "expires in 29 d"), (-DAY, "bad", "expired 1 d ago")],
)
def test_certificates(made, view, left, kind, words):
    soon = made.certificate(name="main", expires=made.now + left)
    services = [made.service("a", certificates=(soon,)), made.service("b", certificates=(soon,))]
    shown = view(made.status(*services))
    (row,) = shown.tables["certificates"]
    assert (row.kind, row.texts["services"]) == (kind, "a, b")
    assert words in row.texts["left"].replace(THIN, " ")
    assert [each.kind for each in shown.tables["attention"]] == [kind] * bool(kind)


def test_a_certificate_that_one_worker_has_read_anew_already(made, view):
    ages = [made.certificate(name="main", expires=made.now + days * DAY) for days in (90, 2)]
    (row,) = view(made.status(made.service(certificates=tuple(ages)))).tables["certificates"]
    assert row.kind == "warn"


def test_what_needs_attention_with_the_worst_first(made):
    status = made.status(
        made.service("a", state="draining", open=1),
        made.service("b", state="drained"),
        made.service("c", certificates=(made.certificate(name="old", expires=1.0),)),
        workers=(made.worker(0, restarts=2, started=made.now - 60), made.worker(1, restarts=2)),
    )
    rows = list(attention(Sample(status, (), made.now)))
    assert [(row.kind, row.texts["text"].replace(THIN, " ")) for row in rows][1:] == [
        ("warn", "a is draining: 1 connection left"),
        ("warn", "b is drained"),
        ("warn", "Worker 0 had to be started anew 1 min ago"),
    ]
    assert rows[0].kind == "bad"
    assert len({row.key for row in rows}) == 4


def test_sources_that_are_shut_out(made, view):
    (row,) = view(made.status(), made.penalty(source="192.0.2.7", score=3.14159, until=made.now + 90)).tables[
        "penalties"
    ]
    assert (row.key, row.texts["score"], row.texts["until"]) == ("192.0.2.7", "3.14", f"1{THIN}min")


def test_channels(made):
    history = History()
    for at, n in enumerate((0, 12)):
        groups = (made.group(name="a", lag=3), made.group(name="b", lag=n))
        counts = {"published": n, "delivered": 10 * n}
        channel = made.channel(messages=9_999, octets=2048, subscribers=2, groups=groups, counts=counts)
        status = made.status(channels=(channel, made.channel("empty", trouble="full")))
        history.record(status, at)
    first, second = overview(Sample(status, (), made.now), history).tables["channels"]
    assert (first.texts["published"], first.texts["delivered"], first.texts["lag"]) == ("12", "120", "12")
    assert (first.texts["kept"], first.texts["state"], first.kind) == ("9,999", "available", "")
    assert (second.texts["lag"], second.texts["state"], second.kind) == ("\u2013", "unavailable", "warn")


def test_channels_that_need_attention(made):
    failing = made.forward(name="crm", failing_since=made.now - 90, error="refused")
    status = made.status(
        channels=(
            made.channel("orders", letters=1, forwards=(failing, made.forward(name="works"))),
            made.channel("readings", trouble="the disk is full", letters=2),
        )
    )
    rows = list(attention(Sample(status, (), made.now)))
    assert [(row.kind, row.texts["text"].replace(THIN, " ")) for row in rows] == [
        ("bad", "The store of readings: the disk is full"),
        ("warn", "1 dead letter of orders waits for somebody"),
        ("warn", "orders has not reached crm for 1 min: refused"),
        ("warn", "2 dead letters of readings wait for somebody"),
    ]
    assert len({row.key for row in rows}) == 4
